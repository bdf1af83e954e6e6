"""Commands of emroot in processes of their own that need not start: each is forked from one that has loaded emroot.

What a test sees is the same (environment, directory, streams, exit code, signals), but for what Python does before `main`.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import runpy
import select
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

#: Loaded once. A module that looks at the environment while it is loaded must not be among them.
LOADED = tuple(f'emroot.{name}' for name in (
    'api.maintenance', 'api.operations', 'cli.builds', 'cli.run.hooked_run', 'cli.parser', 'cli.publishing', 'cli.ui.display',
    'diagnostics.checks', 'engine.build', 'engine.build_executor', 'engine.explanation', 'libraries.resolution', 'sdk.discovery'))
#: Variables that Python itself heeds when it starts: commands with other values start anew.
_PYTHONS = ('PYTHON', 'LC_', 'LANG', 'TZ', 'LD_', 'DYLD_', 'MALLOC_')


def can_be_forked(env: Mapping[str, str], arguments: Sequence[str]) -> bool:
    """Whether a command with this environment is no other for not starting anew. `--trace` says when the process began."""
    own = {name: value for name, value in os.environ.items() if name.startswith(_PYTHONS) and name != 'PYTHONPATH'}
    theirs = {name: value for name, value in env.items() if name.startswith(_PYTHONS) and name != 'PYTHONPATH'}
    return hasattr(socket, 'send_fds') and own == theirs and '--trace' not in arguments


class Forks:
    """A process that has loaded emroot, and forks for each command; it ends with this one."""

    def __init__(self, env: Mapping[str, str]) -> None:
        self._lock = threading.Lock()
        self._ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._server = subprocess.Popen([sys.executable, __file__, str(theirs.fileno())], env=dict(env),
                                            pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL)

    def run(self, arguments: Sequence[str], env: Mapping[str, str], cwd: object, seconds: float) -> tuple[int, str, str]:
        """A command's exit code (as `Popen.returncode`) and what it wrote, to its end."""
        streams = [os.pipe() for _ in range(3)]
        request = json.dumps([list(arguments), dict(env), str(cwd or os.getcwd())]).encode()
        with open(os.devnull, 'rb') as nothing, self._lock:
            socket.send_fds(self._ours, [len(request).to_bytes(8, 'little')], [nothing.fileno(), *(end for _, end in streams)])
            for at in range(0, len(request), 60000):
                self._ours.send(request[at:at + 60000])
        for _, end in streams:
            os.close(end)
        readers = [_Reader(end) for end, _ in streams]
        for reader in readers:
            reader.join(seconds)
        out, err, ended = (reader.content for reader in readers)
        if any(reader.is_alive() for reader in readers):
            raise subprocess.TimeoutExpired(list(arguments), seconds, out, err)
        return int(ended), _text(out), _text(err)


class _Reader(threading.Thread):
    def __init__(self, end: int) -> None:
        super().__init__(daemon=True)
        self.content, self._end = b'', end
        self.start()

    def run(self) -> None:
        with open(self._end, 'rb') as file:
            self.content = file.read()


def _text(content: bytes) -> str:
    return content.decode(errors='surrogateescape').replace('\r\n', '\n').replace('\r', '\n')


def serve(number: int) -> None:
    """Fork for each request until there is nobody to make one. What comes back here is in a fork, and ends it."""
    for name in LOADED:
        importlib.import_module(name)
    gc.freeze()
    running: dict[int, int] = {}
    wakes, wakened = os.pipe()
    os.set_blocking(wakened, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(wakened)
    with socket.socket(fileno=number) as requests:
        while True:
            ready, _, _ = select.select([requests, wakes], [], [])
            if wakes in ready:
                os.read(wakes, 4096)
                _tell_ended(running)
            if requests in ready:
                header, descriptors, _, _ = socket.recv_fds(requests, 8, 4)
                if not header:
                    return
                request = b''
                while len(request) < int.from_bytes(header, 'little'):
                    request += requests.recv(65536)
                pid = os.fork()
                if not pid:
                    break
                running[pid] = descriptors[3]
                for descriptor in descriptors[:3]:
                    os.close(descriptor)
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        for descriptor in (wakes, wakened, descriptors[3], *running.values()):
            os.close(descriptor)
    _become(descriptors[:3], *json.loads(request))


def _tell_ended(running: dict[int, int]) -> None:
    with contextlib.suppress(ChildProcessError):
        while True:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if not pid:
                return
            with open(running.pop(pid), 'w', encoding='ascii') as file:
                file.write(str(os.waitstatus_to_exitcode(status)))


def _become(descriptors: Sequence[int], arguments: list[str], env: dict[str, str], cwd: str) -> None:
    """What `python -m emroot` would be."""
    for number, descriptor in enumerate(descriptors):
        os.dup2(descriptor, number)
        os.close(descriptor)
    os.environ.clear()
    os.environ.update(env)
    os.chdir(cwd)
    sys.path[0] = cwd
    for number, name, mode in ((0, 'stdin', 'r'), (1, 'stdout', 'w'), (2, 'stderr', 'w')):
        errors = 'strict' if number < 2 else 'backslashreplace'
        setattr(sys, name, open(number, mode, encoding='utf-8', errors=errors, closefd=False))  # noqa: SIM115
    import emroot.cli
    sys.argv = [str(Path(emroot.cli.__file__).parents[1] / '__main__.py'), *arguments]
    runpy.run_module('emroot', run_name='__main__', alter_sys=False)


if __name__ == '__main__':
    serve(int(sys.argv[1]))
