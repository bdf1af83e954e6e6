"""What an emcc below `emroot run` starts in place of its linker when libraries are missing: `python -m emroot.cli.lazily`.

Exit code 0: linked. `REFUSED`: it cannot be linked, not with whole archives either; the linker's words were passed on. Any other:
it has to be done with whole archives.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path

from ..engine.build import Build
from ..engine.request import Options
from ..errors import EmrootError
from ..index.symbols import NmFailed
from ..lazy.link import Told
from ..lazy.prepare import link_lazily
from ..lazy.refusal import Refused
from ..lazy.stock import NotLazily
from ..modes import parse_mode
from ..store import Store
from .build import _port_sources
from .session import Session
from .watch import make_watcher

NOT_LAZILY = 9
#: The hook knows it by this number, too.
REFUSED = 10


def main(argv: list[str]) -> int:
    """Do what a request asks for: the linker's command, and `MODE/TARGET` of each library that is missing."""
    args = _parser().parse_args(argv)
    request = json.loads(Path(args.request).read_text(encoding='utf-8'))
    session = Session(args)
    missing = [(parse_mode(mode), target) for mode, _, target in (name.partition('/') for name in request['missing'])]
    watcher = make_watcher(session.home, verbose=False, quiet=args.quiet, live=True)
    options = Options(jobs=args.jobs, builder=args.builder or 'source', port_sources=_port_sources(session),
                      remote=session.remote, own_place=session.own_place, launcher=session.launcher, base=session.base)
    build = Build(session.catalogue, session.home, Store(session.home.store), session.cache, options, watcher)
    began = time.perf_counter()
    try:
        told = link_lazily(build, request['command'], Path(request['cwd']), missing, predicting=args.predict)
        text = summary(told, time.perf_counter() - began)
        watcher.note(text)
    except Refused as names:
        watcher.note(f'the linker refuses the link: nothing defines {names}')
        return REFUSED
    except (NotLazily, NmFailed, OSError) as reason:
        watcher.note(f'not a lazy link: {reason}')
        return NOT_LAZILY
    except EmrootError as error:
        watcher.note(f'no lazy link: {error}')
        return NOT_LAZILY
    finally:
        watcher.close()
    if not args.quiet:
        print(text, file=sys.stderr)
    return 0


def summary(told: Told, seconds: float) -> str:
    """The line that a lazy link ends with."""
    rounds = 'one round' if told.rounds == 1 else f'{told.rounds} rounds'
    parts = ', '.join(f'{what} {taken:.2f}' for what, taken in told.seconds.items())
    guessed = f'; {told.predicted} libraries without an index' if told.predicted else ''
    return (f'linked with {told.real} of {told.members} objects in {rounds}; {told.compiled} compiled{guessed}; '
            f'{seconds:.1f} s ({parts})')


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog='emroot.cli.lazily')
    for name in ('--sdk', '--home', '--cache', '--builder', '--ports-from', '--remote', '--base', '--launcher'):
        parser.add_argument(name)
    parser.add_argument('--jobs', type=int, default=0)
    parser.add_argument('--quiet', action='store_true')
    parser.add_argument('--predict', action='store_true')
    parser.add_argument('--remote-write', action='store_true')
    parser.add_argument('request')
    return parser


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
