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

from ...host.files import remove
from ..environment import NOTICES

#: Polling interval of `emroot run` in seconds.
_INTERVAL = 0.25
#: The prefix with which the hook reports a library that its emcc built itself (`probe/hook.py`), for
#: `cli/hook_bypass.py`.
BUILT = 'built: '
#: The start of the part of a message that differs each time.
_LOG = '; log: '


def tell(text: str, log: Path | None = None) -> None:
    """Make `emroot run` print a message, if this process is below one."""
    file_name = os.environ.get(NOTICES)
    if not file_name:
        return
    line = f'{text}{f"{_LOG}{log}" if log else ""}\n'
    with contextlib.suppress(OSError):  # it has ended: nobody listens
        descriptor = os.open(file_name, os.O_WRONLY | os.O_APPEND)
        try:
            os.write(descriptor, line.encode(errors='replace'))
        finally:
            os.close(descriptor)


@contextlib.contextmanager
def heard(*, quiet: bool) -> Iterator[dict[str, str]]:
    """Print the messages that processes with the yielded environment variables send during the block, each
    once."""
    if quiet or os.environ.get(NOTICES):  # a run below another leaves that to it
        yield {NOTICES: '' if quiet else os.environ[NOTICES]}
        return
    import tempfile  # lazy import: for `emroot run` only
    descriptor, file_name = tempfile.mkstemp(prefix='emroot-', suffix='.notices')
    os.close(descriptor)
    over = threading.Event()
    listener = threading.Thread(target=_listen, args=(Path(file_name), over), daemon=True)
    listener.start()
    try:
        yield {NOTICES: file_name}
    finally:
        over.set()
        listener.join(timeout=2)
        remove(Path(file_name))


def _listen(file_name: Path, over: threading.Event) -> None:
    said: set[str] = set()
    with open(file_name, encoding='utf-8', errors='replace') as f:
        begun, last = '', False
        while not last:
            last = over.wait(_INTERVAL)
            begun += f.read()
            *lines, begun = begun.split('\n')
            for line in lines:
                if not line.startswith(BUILT) and (what := line.partition(_LOG)[0]) not in said:
                    said.add(what)
                    # A terminal may stand in the middle of a line: "checking for inflate in -lz... "
                    sys.stderr.write(f'{chr(10) if sys.stderr.isatty() else ""}emroot: {line}\n')
                    sys.stderr.flush()
