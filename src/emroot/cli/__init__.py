"""The command line: a thin view of the engine. Results go to standard output, everything else to standard error."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Sequence

from ..errors import INTERRUPTED, EmrootError, StoreError, from_os_error, is_refusal

__all__ = ['BEGAN', 'main']
#: When this process began, on `time.perf_counter`: of the interpreter's own start its processor time is known.
BEGAN = time.perf_counter() - time.process_time()


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code (see `errors.py` for what the codes mean)."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    verbose = False
    try:
        if arguments[:1] == ['__complete']:
            from .completion import answer
            return answer(arguments[1:])
        from .parser import make_parser  # here and not above: whoever interrupts may be quick
        args = make_parser().parse_args(arguments)
        verbose = args.verbose
        signal.signal(signal.SIGTERM, _interrupt)
        code: int = args.run(args)
        sys.stdout.flush()
    except EmrootError as error:
        _complain(error, verbose=verbose)
        return error.exit_code
    except KeyboardInterrupt:
        print('emroot: interrupted; what was finished is kept, and the next run goes on from there', file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # else Python complains when it flushes the rest
        return 0  # whoever read our output has gone, which is theirs to decide
    except OSError as error:
        if not is_refusal(error):
            raise
        _complain(from_os_error(error, 'working'), verbose=verbose)
        return StoreError.exit_code
    return code


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


def _complain(error: EmrootError, *, verbose: bool) -> None:
    if verbose:
        import traceback
        traceback.print_exc()
    from .github import annotate
    from .style import paint
    print(f'{paint("emroot: error:", "bad", sys.stderr)} {error.message}', file=sys.stderr)
    annotate('error', 'emroot', str(error))
    if error.hint:
        print(f'  hint: {error.hint}', file=sys.stderr)
