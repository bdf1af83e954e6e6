"""A headless Chromium: the machine's, or its Debian's package, unpacked."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from emroot.host.files import remove_tree, write_text

from ..downloads.debian_packages import ProgramUnavailable, on_path, unpacked
from .devtools import DevTools

_NAMES = ('chromium-headless-shell', 'chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable')
PROGRAM = 'usr/lib/chromium/chromium-headless-shell'
_PACKAGES = ('chromium-headless-shell', 'fonts-liberation')
#: No sandbox, since tests run as root in containers and only look at pages of this project; nothing that uses the network.
_OPTIONS = ('--headless', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--hide-scrollbars', '--mute-audio',
            '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync',
            '--remote-debugging-pipe', '--force-color-profile=srgb')
#: Puts two descriptors, which may be 3 and 4 themselves, to 3 and 4.
_BETWEEN = '''
import fcntl, os, sys
high = [fcntl.fcntl(int(given), fcntl.F_DUPFD, 10) for given in sys.argv[1:3]]
for at, to in zip(high, (3, 4)):
    os.dup2(at, to)
    os.close(at)
os.execv(sys.argv[3], sys.argv[3:])
'''
_FONTS = """<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig><dir>{root}/usr/share/fonts</dir><cachedir>{root}/var/cache/fontconfig</cachedir>
<alias><family>sans-serif</family><prefer><family>Liberation Sans</family></prefer></alias>
<alias><family>monospace</family><prefer><family>Liberation Mono</family></prefer></alias></fontconfig>
"""


@contextlib.contextmanager
def browser() -> Iterator[DevTools]:
    """A running browser. Raises `ProgramUnavailable` if there is none and none can be had."""
    if os.name == 'nt':
        raise ProgramUnavailable('the pipe by which the tests talk to a browser is for POSIX systems')
    program, env = _program()
    profile = Path(tempfile.mkdtemp(prefix='emroot-browser-'))
    from_us, to_browser = os.pipe()
    from_browser, to_us = os.pipe()
    command = [program, *_OPTIONS, f'--user-data-dir={profile}', 'about:blank']
    # The browser reads commands from descriptor 3 and answers on 4. A process in between puts them there.
    between = [sys.executable, '-c', _BETWEEN, str(from_us), str(to_us)]
    process = subprocess.Popen([*between, *command], env={**os.environ, **env}, stdin=subprocess.DEVNULL,
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, pass_fds=(from_us, to_us))
    os.close(from_us)
    os.close(to_us)
    try:
        with open(to_browser, 'wb', buffering=0) as writer, open(from_browser, 'rb') as reader:
            yield DevTools(reader, writer)
            with contextlib.suppress(OSError):
                writer.write(b'{"id":0,"method":"Browser.close"}\0')
            process.wait(10)
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
        remove_tree(profile)


def _program() -> tuple[str, dict[str, str]]:
    if found := os.environ.get('EMROOT_TEST_CHROMIUM') or on_path(*_NAMES):
        return found, {}
    tree, env = debians_own()
    return str(tree / PROGRAM), env


def debians_own() -> tuple[Path, dict[str, str]]:
    """Where `PROGRAM` of Debian's package is unpacked, and what it needs in its environment."""
    tree = unpacked(*_PACKAGES)
    fonts, text = tree.root / 'fonts.conf', _FONTS.format(root=tree.root)
    if not fonts.is_file() or fonts.read_text(encoding='utf-8') != text:
        write_text(fonts, text)
    return tree.root, {**tree.environment(), 'FONTCONFIG_FILE': str(fonts)}
