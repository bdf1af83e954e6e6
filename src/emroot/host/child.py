"""A call in a forked process, beside this one."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable


def start_in_child(call: Callable[[], str]) -> Callable[[], str]:
    """Start a call in a forked process, and return a function that waits for its result.

    Where nothing can be forked (another system than Linux, a process with threads), and where the call failed there, that
    function runs the call here, with its result and its exceptions.
    """
    threading = sys.modules.get('threading')
    if sys.platform != 'linux' or (threading and threading.active_count() > 1):
        return call
    reading, writing = os.pipe()
    try:
        child = os.fork()
    except OSError:  # too many processes, too little memory
        os.close(reading)
        os.close(writing)
        return call
    if child == 0:
        try:
            os.write(writing, call().encode())
        finally:
            os._exit(0)
    os.close(writing)

    def result() -> str:
        with open(reading, 'rb') as f:
            text = f.read()
        with contextlib.suppress(ChildProcessError):  # where this process ignores SIGCHLD
            os.waitpid(child, 0)
        return text.decode() or call()
    return result
