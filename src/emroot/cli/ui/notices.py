"""Messages about long builds below `emroot run` are printed by `emroot run` itself.

A build that a link started must not write to its own standard error: that is emcc's, a check of a configure
script takes any output there for a compiler error, and ninja holds it back until the link ends. So the build
adds a line to a file, and `emroot run`, whose standard error is the terminal or the log of a CI job, reads
this file while its command runs.
"""

from __future__ import annotations

import contextlib
import os
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

from ..environment import notices_file

#: Polling interval of `emroot run` in seconds.
_INTERVAL = 0.25
#: With this the hook reports a library that emcc built itself, for `cli/run/hook_bypass.py`.
BUILT = 'built: '
#: The start of the part of a message that differs each time.
_LOG = '; log: '


def tell(text: str, log: Path | None = None) -> None:
    """Make `emroot run` print a message, if this process is below one."""
    if file_name := notices_file():
        _append(file_name, f'{text}{f"{_LOG}{log}" if log else ""}\n')


def _append(file_name: str, line: str) -> None:
    with contextlib.suppress(OSError):  # it has ended: nobody listens
        descriptor = os.open(file_name, os.O_WRONLY | os.O_APPEND)
        try:
            os.write(descriptor, line.encode(errors='replace'))
        finally:
            os.close(descriptor)


@contextlib.contextmanager
def heard(file: str) -> Iterator[None]:
    """Print the messages that come into a file during the block, each once. A run below another passes them on."""
    if not file:
        yield
        return
    over = threading.Event()
    listener = threading.Thread(target=_listen, args=(file, notices_file(), over), daemon=True)
    listener.start()
    try:
        yield
    finally:
        over.set()
        listener.join(timeout=2)


def _listen(file: str, above: str | None, over: threading.Event) -> None:
    said: set[str] = set()
    with open(file, encoding='utf-8', errors='replace') as f:
        begun, last = '', False
        while not last:
            last = over.wait(_INTERVAL)
            begun += f.read()
            *lines, begun = begun.split('\n')
            for line in lines:
                if above:
                    _append(above, line + '\n')
                elif not line.startswith(BUILT) and (what := line.partition(_LOG)[0]) not in said:
                    said.add(what)
                    # A terminal may stand in the middle of a line: "checking for inflate in -lz... "
                    sys.stderr.write(f'{chr(10) if sys.stderr.isatty() else ""}emroot: {line}\n')
                    sys.stderr.flush()
