"""The command line. Results go to standard output, everything else to standard error."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Sequence

from ..errors import INTERRUPTED, EmrootError, UsageError, from_exception
from ..host import deferred_imports  # noqa: F401  # before anything imports `dataclasses`
from ..host.permissions import restrict_umask
from .ui.streams import end_process, output_fault, prepare_process

__all__ = ['main']


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code (see `errors.py` for what the codes mean).

    Without arguments it runs the command of this process, and ends the process after it.
    """
    if argv is not None:
        return _run(argv)
    prepare_process()
    return end_process(_run(sys.argv[1:]))


def _run(argv: Sequence[str]) -> int:
    arguments = [*argv]  # `list` is a command's module once that was run
    restrict_umask()
    verbose = False
    try:
        if arguments[:1] == ['__complete']:
            from .completion import answer
            return answer(arguments[1:])
        from .parser import make_parser  # lazy import: an interrupt may come early
        try:
            args = make_parser().parse_args(arguments)
        finally:
            sys.stdout.flush()  # help and the version end the process: here it can still be said that they cannot be written
        verbose = args.verbose
        signal.signal(signal.SIGTERM, _interrupt)
        code: int = args.run(args)
        sys.stdout.flush()
    except EmrootError as error:
        return _complain(error, verbose=verbose)
    except KeyboardInterrupt:
        print('emroot: interrupted; finished work is kept, and the next run continues from there', file=sys.stderr)
        return INTERRUPTED
    except (OSError, RuntimeError, MemoryError) as error:
        if fault := output_fault():
            if isinstance(fault, BrokenPipeError):
                return 0  # whoever read our output has gone, which is theirs to decide
            return _complain(EmrootError(f'standard output cannot be written to: {fault.strerror}',
                                         hint='check where standard output goes'), verbose=verbose)
        if (known := _without_directory(error) or from_exception(error)) is None:
            raise
        return _complain(known, verbose=verbose)
    return code


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


def _without_directory(error: Exception) -> EmrootError | None:
    if isinstance(error, FileNotFoundError):
        try:
            os.getcwd()
        except FileNotFoundError:
            return UsageError('the current directory was deleted', hint='change to another directory')
    return None


def _complain(error: EmrootError, *, verbose: bool) -> int:
    if verbose:
        import traceback
        traceback.print_exc()
    from .ui.github_actions import annotate
    from .ui.messages import paint
    print(f'{paint("emroot: error:", "bad", sys.stderr)} {error.message}', file=sys.stderr)
    annotate('error', 'emroot', str(error))
    if error.hint:
        print(f'  hint: {error.hint}', file=sys.stderr)
    return error.exit_code
