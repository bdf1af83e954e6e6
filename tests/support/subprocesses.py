"""Processes that run for as long as a block does, and the ports that they listen at."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from pathlib import Path


@contextlib.contextmanager
def running(command: Sequence[object], log: Path, *, port: int | None = None) -> Iterator[subprocess.Popen[bytes]]:
    """A process that writes what it says to `log`, entered once something listens at `port`, ended with the block."""
    with open(log, 'ab') as said, subprocess.Popen([str(word) for word in command], stdin=subprocess.DEVNULL, stdout=said,
                                                   stderr=said) as process:
        try:
            if port is not None:
                wait_for(port, process, log)
            yield process
        finally:
            process.terminate()


def wait_for(port: int, process: subprocess.Popen[bytes], log: Path, *, seconds: float = 60) -> None:
    """Wait until something listens. Raises `RuntimeError` with what the process said if it ends, or does not in time."""
    until = time.monotonic() + seconds
    while time.monotonic() < until and process.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(('127.0.0.1', port), 1):
            return
        time.sleep(0.02)
    raise RuntimeError(f'nothing listens: {log.read_text(errors="replace")[-2000:]}')


def free_ports(count: int) -> list[int]:
    """Ports of the loopback at which nothing listened a moment ago."""
    with contextlib.ExitStack() as stack:
        found = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in found:
            each.bind(('127.0.0.1', 0))
        return [each.getsockname()[1] for each in found]


def below(parent: int) -> list[int]:
    """Children of a process and theirs, by their numbers (Linux)."""
    try:
        text = ' '.join(path.read_text() for path in Path(f'/proc/{parent}/task').glob('*/children'))
    except OSError:  # it has ended
        return []
    return [pid for child in map(int, text.split()) for pid in (child, *below(child))]
