"""Arguments that several commands take, and how their values are read. Help and completion load this: it imports little."""

from __future__ import annotations

import argparse

_AGES = {'': 1, 's': 1, 'm': 60, 'h': 3600, 'd': 86400, 'w': 604800}


def add_common(parser: argparse.ArgumentParser, *, first: bool = False) -> None:
    """Options of every command, before or after its name. The `first` parser, which reads those before, has the defaults."""
    unset = None if first else argparse.SUPPRESS
    off = False if first else argparse.SUPPRESS
    group = parser.add_argument_group('with every command')
    group.add_argument('--sdk', metavar='PATH', default=unset,
                       help='an Emscripten root or an emsdk (default: EMSDK, EMSCRIPTEN_ROOT, emcc on PATH, or an installed one)')
    group.add_argument('--home', metavar='DIR', default=unset,
                       help='store and cache directories (default: EMROOT_HOME, or in the user\'s cache directory)')
    loud = group.add_mutually_exclusive_group()
    loud.add_argument('-v', '--verbose', action='store_true', default=off, help='print every command, and tracebacks of errors')
    loud.add_argument('-q', '--quiet', action='store_true', default=off, help='print errors only')
    group.add_argument('--no-progress', action='store_true', default=off, help='no live display')


def add_json(parser: argparse.ArgumentParser) -> None:
    parser.add_argument('--json', action='store_true', help='print one JSON document')


def add_selection(parser: argparse.ArgumentParser) -> None:
    """Add the options for the selection, and those for the build."""
    what, how = parser.add_argument_group('what to build'), parser.add_argument_group('how')
    what.add_argument('--features', action='append', default=[], metavar='F',
                      help='features of a mode, e.g. wasm64,thinlto,pic; may be repeated for several modes')
    what.add_argument('--targets', action='append', default=[], metavar='T,T',
                      help='targets, patterns (libc++*), groups (MINIMAL, SYSTEM), ports (zlib), or MODE/TARGET')
    what.add_argument('--for', action='append', default=[], dest='links', metavar='LINK',
                      help='everything that this link needs, e.g. --for "em++ -O2 -flto=thin -pthread"')
    how.add_argument('--cache', type=path, metavar='DIR', help='the cache directory (default: one per SDK, in the home)')
    how.add_argument('-j', '--jobs', type=_positive, default=0, metavar='N',
                     help='parallel jobs (default: EMROOT_JOBS or EMCC_CORES; otherwise the number of processors, within '
                          'the limits of the container, memory and a parent make)')
    how.add_argument('--trace', type=path, metavar='FILE',
                     help='write the build\'s timeline, for ui.perfetto.dev or chrome://tracing')
    how.add_argument('--builder', choices=['source', 'embuilder'],
                     help='compile the SDK\'s sources, or run its embuilder (default: source)')
    how.add_argument('--base', type=path, metavar='DIR', help='a read-only cache directory whose valid files are used '
                     "without a copy (EMROOT_BASE); '' for none, not even the SDK's own cache")
    how.add_argument('--launcher', metavar='PROGRAM', help='compile through ccache, sccache, recc, distcc or a similar program '
                     '(EM_COMPILER_WRAPPER)')
    how.add_argument('--remote', metavar='URL', help='download missing libraries from this remote (https, grpcs) or '
                     'directory (EMROOT_REMOTE); rw+URL also uploads what is built')
    how.add_argument('--remote-key', type=path, metavar='KEY', help='accept only records that are signed with this OpenSSH '
                     'public key: a file, or the key itself (EMROOT_REMOTE_KEY)')
    how.add_argument('--remote-write', action='store_true', help='upload what is built to the remote')
    how.add_argument('--ports-from', type=path, metavar='DIR',
                     help='a directory with archives of ports (checked by the SDK) or directories of their sources, by port')


def add_export(parser: argparse.ArgumentParser, output: str) -> None:
    """Arguments of a command that builds a selection and writes a file of it; `output` describes the file."""
    add_selection(parser)
    parser.add_argument('-o', '--output', type=path, required=True, metavar='FILE', help=output)
    add_json(parser)


def add_run(parser: argparse.ArgumentParser) -> None:
    """What `emroot run` and `emroot link` take: a command, and how its links are done."""
    add_selection(parser)
    parser.add_argument('--lazy', choices=['auto', 'exact', 'predict', 'off'], help='auto: compile only the objects that a '
                        'link needs, with or without an index of its libraries, until whole ones take no longer; exact: only for '
                        'libraries with a known index; predict: however many links there are; off: whole libraries '
                        '(default: auto; EMROOT_LAZY)')
    parser.add_argument('--complete', action='store_true', help='after a lazy link, build its libraries in the background, at '
                        'low priority (EMROOT_COMPLETE=1)')
    parser.add_argument('command', nargs=argparse.REMAINDER, metavar='-- COMMAND...',
                        help='the command; its exit code is passed on')


def path(text: str) -> str:
    """A path that may begin with `~`: one that stands for nothing is refused before anything else is looked for."""
    if not text.startswith('~'):
        return text
    from ..host.home import user_path  # lazy import: the shell has mostly replaced it
    return str(user_path(text))


def size(text: str) -> int:
    """Bytes of `5G`, `500m`, `1000` (see `formatting.parse_size`). Raises `ArgumentTypeError` for what is none."""
    from ..formatting import parse_size  # lazy import: `emroot gc` alone
    try:
        return parse_size(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def age(text: str) -> float:
    """Seconds of `90d`, `12h`, `3600`. Raises `ArgumentTypeError` for what is none."""
    number = text.rstrip(''.join(_AGES))
    unit = text[len(number):]
    if unit not in _AGES or not number.replace('.', '', 1).isdigit():
        raise argparse.ArgumentTypeError(f'{text!r} is not an age such as 90d')
    return float(int(float(number) * _AGES[unit]))


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError('must be 1 or more')
    return number
