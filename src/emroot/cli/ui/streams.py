"""The process and its standard streams: open ones that accept all file names, UTF-8 in any locale, and a quick end."""

from __future__ import annotations

import atexit
import codecs
import contextlib
import io
import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import TextIO

#: Standard streams: number, name in `sys`, mode.
_STREAMS = ((0, 'stdin', 'r'), (1, 'stdout', 'w'), (2, 'stderr', 'w'))


def prepare_process() -> None:
    """Called first. May restart this program, in the same process, in Python's UTF-8 mode."""
    _use_utf8()
    for number, name, mode in _STREAMS:
        if getattr(sys, name) is None:
            _open_null(number, name, mode)
    codecs.register_error('emroot', _encode_anyhow)
    for name in ('stdout', 'stderr'):
        stream = getattr(sys, name)
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors='emroot')
    if os.name == 'posix':
        sys.stdout, sys.stderr = _watched(sys.stdout, Output), _watched(sys.stderr, Notes)


def end_process(code: int) -> int:
    """End this process without Python's tidying, which takes a tenth of a command that has nothing to do.

    Returns the exit code where somebody relies on the tidying: another thread, a debugger, a profiler; and one that is no byte.
    """
    threading = sys.modules.get('threading')
    alone = threading is None or threading.active_count() == 1
    observed = (sys.gettrace() or sys.getprofile() or sys.flags.inspect  # since Python 3.12 there are tools, too
                or (sys.version_info >= (3, 12) and any(map(sys.monitoring.get_tool, range(6)))))
    if alone and not observed and 0 <= code <= 255:
        atexit._run_exitfuncs()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    return code


class Output(io.FileIO):
    """Standard output; remembers the first write error."""

    fault: OSError | None = None

    def write(self, data: object, /) -> int:
        try:
            return super().write(data)  # type: ignore[arg-type]
        except OSError as error:
            self.fault = error
            raise


class Notes(io.FileIO):
    """Standard error; write errors (a closed pipe, a full disk) do not end the command."""

    def write(self, data: object, /) -> int:
        try:
            return super().write(data)  # type: ignore[arg-type]
        except OSError:
            return memoryview(data).nbytes  # type: ignore[arg-type]


def output_fault() -> OSError | None:
    """The write error of standard output, if there was one; remaining output is then dropped."""
    raw = getattr(getattr(sys.stdout, 'buffer', None), 'raw', None)
    fault = raw.fault if isinstance(raw, Output) else None
    if fault:
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, sys.stdout.fileno())  # else Python complains when it flushes the rest
        os.close(null)
    return fault


def _use_utf8() -> None:
    """File names are bytes, which Python decodes by the locale. Stored names must not depend on that."""
    if os.name == 'posix' and sys.getfilesystemencoding() != 'utf-8' and not sys.flags.utf8_mode and sys.executable:
        os.execv(sys.executable, [sys.executable, '-X', 'utf8', *sys.orig_argv[1:]])  # noqa: S606  # this program


def _open_null(number: int, name: str, mode: str) -> None:
    """Open the null device for a closed standard stream, before another file gets its number."""
    try:
        os.fstat(number)
    except OSError:
        null = os.open(os.devnull, os.O_RDWR)
        if null != number:
            os.dup2(null, number)
            os.close(null)
        os.set_inheritable(number, True)
    with contextlib.suppress(OSError):
        setattr(sys, name, open(number, mode, encoding='utf-8', closefd=False))  # noqa: SIM115  # for as long as we run


def _watched(stream: TextIO, kind: type[io.FileIO]) -> TextIO:
    """The same stream on another kind of file object."""
    if not isinstance(stream, io.TextIOWrapper):
        return stream
    stream.flush()
    raw = kind(stream.fileno(), 'w', closefd=False)
    return io.TextIOWrapper(io.BufferedWriter(raw), encoding=stream.encoding, errors=stream.errors,
                            line_buffering=stream.line_buffering, write_through=stream.write_through)


def _encode_anyhow(error: UnicodeError) -> tuple[bytes, int]:
    """Error handler: undecodable bytes are written unchanged, characters that the encoding lacks as escapes."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    part = error.object[error.start:error.end]
    return b''.join(bytes([ord(sign) - 0xdc00]) if '\udc80' <= sign <= '\udcff' else sign.encode('ascii', 'backslashreplace')
                    for sign in part), error.end
