"""`python -m emroot.cli.run.lazy_link`: emcc below `emroot run` starts it instead of the linker when libraries
are missing.

Exit code 0: linked. `REFUSED`: the link fails, with whole archives, too. In both cases the linker's output is in
the file that the request names. Any other code: the link needs whole archives.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from ...engine.build import Build
from ...engine.request import Request
from ...errors import EmrootError
from ...host.home import read_json, write_json
from ...host.isolated_python import isolated
from ...lazy_link.lazy_archives import NeedsWholeArchives
from ...lazy_link.link import LinkStats
from ...lazy_link.preparation import lazy_link
from ...lazy_link.symbols.undefined_symbols import LinkRefused
from ...libraries.resolution import resolve
from ...modes import Mode, parse_mode
from ...symbol_index.symbols import NmFailed
from ..builds import options_of, say_failures
from ..context import CommandContext
from ..ui.log import make_listener
from ..ui.notices import tell
from ..ui.streams import prepare_process

NEEDS_WHOLE_ARCHIVES = 9
#: The hook has the same number.
REFUSED = 10
_OWN_FLAGS = ('--exact', '--predict', '--complete', '--tell')


def main(argv: list[str]) -> int:
    """Handle a request: link without the missing libraries `MODE/TARGET`, or build the ports of a link."""
    parser = make_hook_parser('emroot.cli.run.lazy_link')
    for flag in _OWN_FLAGS:
        parser.add_argument(flag, action='store_true')
    parser.add_argument('request')
    args = parser.parse_args(argv)
    request = json.loads(Path(args.request).read_text(encoding='utf-8'))
    modes = ', '.join(dict.fromkeys(name.partition('/')[0] for name in request.get('missing', ())))
    with opened_build(args, modes=modes, of_links='ports' not in request) as build:
        try:
            return build_ports(build, request['ports']) if 'ports' in request else link(build, request, args)
        except EmrootError as error:
            build.listener.note(f'no lazy link: {error}')
            return NEEDS_WHOLE_ARCHIVES


@contextlib.contextmanager
def opened_build(args: argparse.Namespace, *, modes: str = '', of_links: bool = False) -> Iterator[Build]:
    context = CommandContext(args)
    listener = make_listener(context.home, verbose=False, quiet=args.quiet, live=True, modes=modes, of_links=of_links)
    try:
        yield Build(context.catalogue, context.home, context.store, context.cache, options_of(context), listener)
    finally:
        listener.close()


def build_ports(build: Build, words: Sequence[str]) -> int:
    """Build the ports that a link needs, whole; the lazy link handles its other libraries."""
    def reveal(ports: Path) -> dict[Mode, list[str]]:
        now = resolve(build.catalogue, words, ports=ports) if found.unfetched else found
        now.check_ports()
        return {now.mode: [port for port in now.ports if port not in found.ports]}
    found = resolve(build.catalogue, words)
    found.check_ports()
    build.revealed = reveal
    result = build.run([Request(mode=found.mode, targets=found.ports)]) if found.ports else None
    if not result or not result.failures:
        return 0
    say_failures(result)
    return NEEDS_WHOLE_ARCHIVES


def link(build: Build, request: Mapping[str, Any], args: argparse.Namespace) -> int:
    listener = build.listener
    missing = [(parse_mode(mode), target) for mode, _, target in (name.partition('/') for name in request['missing'])]
    began = time.perf_counter()
    try:
        stats = lazy_link(build, request['command'], Path(request['cwd']), missing, Path(request['said']),
                          predicting=not args.exact, always=args.predict)
        text = link_summary(stats, time.perf_counter() - began)
        listener.note(text)
    except LinkRefused as names:
        listener.note(f'the link fails: nothing defines {names}')
        return REFUSED
    except (NeedsWholeArchives, NmFailed, OSError) as reason:
        listener.note(f'not a lazy link: {reason}')
        if args.tell:
            tell(f'not a lazy link: {reason}')
        return NEEDS_WHOLE_ARCHIVES
    if args.tell:
        tell(text)
    if not args.quiet:
        print(text, file=sys.stderr)
    if args.complete:
        own = {*_OWN_FLAGS, args.request}
        build_in_background(build.cache.root, missing, [word for word in sys.argv[1:] if word not in own])
    return 0


def link_summary(stats: LinkStats, seconds: float) -> str:
    """The last log line of a lazy link."""
    rounds = 'one round' if stats.rounds == 1 else f'{stats.rounds} rounds'
    parts = ', '.join(f'{what} {taken:.2f}' for what, taken in stats.seconds.items())
    guessed = f'; {stats.predicted} libraries without an index' if stats.predicted else ''
    return (f'linked with {stats.real} of {stats.members} objects in {rounds}; {stats.compiled} compiled{guessed}; '
            f'{seconds:.1f} s ({parts})')


def build_in_background(cache: Path, missing: Iterable[tuple[Mode, str]], argv: Sequence[str]) -> None:
    """Note what a link did without (`.emroot/lazy/todo/MODE.json`), and start the program that builds it."""
    modes: dict[Mode, list[str]] = {}
    for mode, target in missing:
        modes.setdefault(mode, []).append(target)
    for mode, targets in modes.items():
        note = notes_directory(cache) / f'{mode}.json'
        write_json(note, {'targets': sorted({*noted_targets(note), *targets})})
    # Not a job of the make that this link runs below: that may end before.
    env = {name: value for name, value in os.environ.items() if name not in ('MAKEFLAGS', 'MFLAGS')}
    command = [*isolated('emroot.cli.run.background_build'), *argv]
    flags = 0
    if sys.platform == 'win32':
        flags = subprocess.DETACHED_PROCESS | subprocess.IDLE_PRIORITY_CLASS | subprocess.CREATE_NEW_PROCESS_GROUP
    with open(os.devnull, 'r+b') as nothing, contextlib.suppress(OSError):
        subprocess.Popen(command, env=env, stdin=nothing, stdout=nothing, stderr=nothing, creationflags=flags,
                         start_new_session=True)


def notes_directory(cache: Path) -> Path:
    return cache / '.emroot' / 'lazy' / 'todo'


def noted_targets(note: Path) -> list[str]:
    found = (read_json(note) or {}).get('targets')
    return [str(target) for target in found] if isinstance(found, list) else []


def make_hook_parser(name: str) -> argparse.ArgumentParser:
    """The arguments of programs that `hooked_config` (`hook_config.py`) configures."""
    parser = argparse.ArgumentParser(allow_abbrev=False, prog=name)
    for word in ('--sdk', '--home', '--cache', '--builder', '--ports-from', '--remote', '--remote-key', '--base', '--launcher'):
        parser.add_argument(word)
    parser.add_argument('--jobs', type=int, default=0)
    parser.add_argument('--quiet', action='store_true')
    parser.add_argument('--remote-write', action='store_true')
    return parser


if __name__ == '__main__':
    prepare_process()
    sys.exit(main(sys.argv[1:]))
