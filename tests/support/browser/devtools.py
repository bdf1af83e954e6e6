"""A small client of the Chrome DevTools protocol, over the browser's pipe: messages of JSON, each ended by a NUL."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import IO, Any


class DevTools:
    """A browser."""

    def __init__(self, reader: IO[bytes], writer: IO[bytes]) -> None:
        self._reader, self._writer = reader, writer
        self._number = 0
        self._rest = b''
        self.events: list[dict[str, Any]] = []

    def call(self, method: str, session: str | None = None, **parameters: Any) -> Any:
        """A command's result; events that come before it are kept. Raises `RuntimeError` with the browser's words."""
        self._number += 1
        number = self._number
        message = {'id': number, 'method': method, 'params': parameters, **({'sessionId': session} if session else {})}
        self._writer.write(json.dumps(message).encode() + b'\0')
        while True:
            said = self._read()
            if said.get('id') == number:
                if 'error' in said:
                    raise RuntimeError(f'{method}: {said["error"]["message"]}')
                return said['result']
            self.events.append(said)

    def wait(self, method: str, session: str) -> dict[str, Any]:
        """The first event of that name that was not waited for before."""
        while True:
            for event in self.events:
                if event.get('method') == method and event.get('sessionId') == session and not event.get('seen'):
                    event['seen'] = True
                    return event
            self.events.append(self._read())

    def open(self, url: str, *, width: int = 1440, height: int = 1000, dark: bool = False, script: bool = True) -> Page:
        """A page in a tab of its own, loaded."""
        target = self.call('Target.createTarget', url='about:blank')['targetId']
        session = self.call('Target.attachToTarget', targetId=target, flatten=True)['sessionId']
        for domain in ('Page', 'Runtime', 'Log', 'Network'):
            self.call(f'{domain}.enable', session)
        self.call('Emulation.setDeviceMetricsOverride', session, width=width, height=height, deviceScaleFactor=1, mobile=False)
        self.call('Emulation.setEmulatedMedia', session, features=[
            {'name': 'prefers-color-scheme', 'value': 'dark' if dark else 'light'},
            {'name': 'prefers-reduced-motion', 'value': 'reduce'}])
        self.call('Emulation.setScriptExecutionDisabled', session, value=not script)
        self.call('Page.navigate', session, url=url)
        self.wait('Page.loadEventFired', session)
        return Page(self, session)

    def _read(self) -> dict[str, Any]:
        while b'\0' not in self._rest:
            chunk = self._reader.read1(1 << 16)  # type: ignore[attr-defined]
            if not chunk:
                raise RuntimeError('the browser ended')
            self._rest += chunk
        message, _, self._rest = self._rest.partition(b'\0')
        said: dict[str, Any] = json.loads(message)
        return said


class Page:
    """One page of a browser."""

    def __init__(self, browser: DevTools, session: str) -> None:
        self._browser, self._session = browser, session

    def run(self, script: str) -> Any:
        """The value of a script's last expression, promises awaited."""
        answer = self._browser.call('Runtime.evaluate', self._session, expression=script, awaitPromise=True, returnByValue=True)
        if 'exceptionDetails' in answer:
            details = answer['exceptionDetails']
            raise RuntimeError(details.get('exception', {}).get('description') or details['text'])
        return answer['result'].get('value')

    def press(self, key: str, code: int, *, shift: bool = False) -> None:
        """A key, as from the keyboard: `press('Tab', 9)`."""
        text = {'text': '\r'} if key == 'Enter' else {'text': key} if key == ' ' else {}
        for kind in ('keyDown', 'keyUp'):
            self._browser.call('Input.dispatchKeyEvent', self._session, type=kind, key=key, code=key, windowsVirtualKeyCode=code,
                               modifiers=8 if shift else 0, **(text if kind == 'keyDown' else {}))

    def accessible(self) -> list[dict[str, Any]]:
        """The nodes of the tree that assistive technology sees; also without script."""
        nodes: list[dict[str, Any]] = self._browser.call('Accessibility.getFullAXTree', self._session)['nodes']
        return nodes

    def screenshot(self, path: Path, *, whole: bool = True) -> None:
        """A picture of the page, or of what is in view."""
        shot = self._browser.call('Page.captureScreenshot', self._session, format='png', captureBeyondViewport=whole)
        path.write_bytes(base64.b64decode(shot['data']))

    def complaints(self) -> list[str]:
        """What the browser logged as wrong, and scripts threw."""
        found = []
        for event in self._browser.events:
            if event.get('sessionId') != self._session:
                continue
            said = event.get('params', {})
            if event['method'] == 'Runtime.exceptionThrown':
                found.append(said['exceptionDetails'].get('exception', {}).get('description') or said['exceptionDetails']['text'])
            elif event['method'] == 'Log.entryAdded' and said['entry']['level'] in ('error', 'warning'):
                found.append(said['entry']['text'])
            elif event['method'] == 'Runtime.consoleAPICalled' and said['type'] in ('error', 'warning', 'assert'):
                found.append(' '.join(str(argument.get('value')) for argument in said['args']))
        return found

    def requests(self) -> list[str]:
        """Addresses that the page asked for, itself included."""
        return [event['params']['request']['url'] for event in self._browser.events
                if event.get('sessionId') == self._session and event['method'] == 'Network.requestWillBeSent']
