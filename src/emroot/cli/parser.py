"""The command line. Commands are imported only when they run, so that `--help` is fast."""

from __future__ import annotations

import argparse
import contextlib
import functools
import importlib
import os
import sys
from collections.abc import Callable, Iterable
from typing import Any

from .. import __version__

_Run = Callable[[argparse.Namespace], int]
_Fill = Callable[[argparse.ArgumentParser], None]
_Commands = dict[str, tuple[str, tuple[str, str] | None, _Fill]]
"""By name: description, module and function, and the function that adds its arguments."""


class Formatter(argparse.RawDescriptionHelpFormatter):
    """Formats help to the width of the terminal. argparse makes one for each argument, so the width is
    cached, and found without shutil."""

    def __init__(self, prog: str, **given: Any) -> None:
        super().__init__(prog, **{'width': terminal_width() - 2, **given})


class Command(argparse.ArgumentParser):
    """A command whose arguments are added only when it is used: unused commands cost nothing."""

    def __init__(self, *, fill: _Fill | None = None, run: tuple[str, str] | None = None, **given: Any) -> None:
        self._fill, self._run = fill, run
        self._given: dict[str, Any] | None = given
        if not fill:
            self.complete()

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """Add all arguments first, and report unknown options with suggestions."""
        self.complete()
        parsed, unknown = super().parse_known_args(args, namespace)
        if option := next((word for word in unknown if word.startswith('-')), None):
            self._refuse('option', option.partition('=')[0], self._option_string_actions)
        return parsed, unknown

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        if isinstance(action, argparse._SubParsersAction) and value not in action.choices:
            self._refuse('command', value, action.choices)
        super()._check_value(action, value)

    def _refuse(self, kind: str, name: str, known: Iterable[str]) -> None:
        from ..errors import UnknownNameError
        passed_on = any(action.nargs == argparse.REMAINDER for action in self._actions)
        self.error(f'{UnknownNameError(kind, name, known).message}\n  hint: `{self.prog} --help` lists them all'
                   f'{"; options of the command that it is given go after `--`" if passed_on else ""}')

    def complete(self) -> None:
        """Add this command's arguments."""
        given, self._given = self._given, None
        if given is None:
            return
        # No abbreviations: `--feature` would mean another option, or none, once there is a second that begins so.
        super().__init__(formatter_class=Formatter, allow_abbrev=False, **given)
        if self._fill:
            self._fill(self)
            _common(self)
        if self._run:
            self.set_defaults(run=_runner(*self._run))

    def format_help(self) -> str:
        """Add examples and exit codes, which only help needs."""
        import textwrap

        from .examples import epilog
        self.complete()
        self.description = textwrap.fill(self.description or '', terminal_width() - 2)
        self.epilog = epilog(self.prog.partition(' ')[2])
        return super().format_help()


@functools.cache
def terminal_width() -> int:
    """Columns of the terminal, like `shutil.get_terminal_size`, but without that module, which imports
    compressors."""
    with contextlib.suppress(ValueError):
        if (columns := int(os.environ.get('COLUMNS', ''))) > 0:
            return columns
    with contextlib.suppress(AttributeError, ValueError, OSError):  # no standard output, or no terminal
        return os.get_terminal_size(sys.__stdout__.fileno()).columns or 80  # type: ignore[union-attr]
    return 80


def _runner(module: str, function: str) -> _Run:
    def run(args: argparse.Namespace) -> int:
        code: int = getattr(importlib.import_module(f'emroot.cli.commands.{module}'), function)(args)
        return code
    return run


def make_parser() -> argparse.ArgumentParser:
    parser = Command(prog='emroot', description='Emscripten system libraries in any mode, built on demand, once.')
    parser.add_argument('--version', action='version', version=f'emroot {__version__}')
    _common(parser, first=True)
    _add_all(parser, {
        'sdk': ('show or install an SDK', None, _sdk),
        'list': ('list the targets of a mode, with variants, numbers of objects and state', ('list', 'list_targets'), _list),
        'resolve': ('print the mode, the libraries in link order and the ports that a link needs',
                    ('resolve', 'resolve'), _resolve),
        'build': ('build libraries into the cache directory', ('build', 'build'), _build),
        'env': ('build, then print environment variables that make emcc use the cache directory', ('env', 'env'), _env),
        'run': ('run a command whose links get the libraries that they need', ('env', 'run'), _run_command),
        'link': ('run one link and compile only the objects that it needs', ('env', 'link'), _run_command),
        'explain': ('print the key of a target and all its inputs', ('explain', 'explain'), _explain),
        'verify': ('check every object, archive, header and cache directory against its digest', ('store', 'verify'),
                   _verify),
        'gc': ('limit the size of the store, least recently used first', ('store', 'gc'), _gc),
        'export': ('write libraries to one archive, for emsdk\'s prebuilt_cache, a frozen emcc or `emroot import`',
                   ('bundle', 'export'), _export),
        'import': ('import an archive into the store and the cache directory', ('bundle', 'import_'), _import),
        'publish': ('upload libraries to a remote, or write them to a directory for a web server',
                    ('publish', 'publish'), _publish),
        'index': ('export or import symbol indexes, for lazy links on other machines', None, _index),
        'cache-key': ('print a short key for CI caches, from the SDK and the selection', ('bundle', 'cache_key'), _cache_key),
        'report': ('write one self-contained HTML page: modes x targets, sizes, times, reuse', ('report', 'report'), _report),
        'completion': ('print a script for a shell that completes commands, options, features and targets',
                       ('completion', 'completion'), _completion),
        'trust': ('trust the paths, remotes and bases in a project\'s emroot.toml', ('trust', 'trust'), _trust),
        'doctor': ('find problems of this setup, or of a failed link, and print how to fix them',
                   ('doctor', 'doctor'), _doctor),
    })
    return parser


def _add_all(parser: argparse.ArgumentParser, commands: _Commands) -> None:
    added = parser.add_subparsers(metavar='COMMAND', required=True, parser_class=Command)
    for name, (text, run, fill) in commands.items():
        added.add_parser(name, help=text, description=f'{text[0].upper()}{text[1:]}.', run=run, fill=fill)


def _sdk(parser: argparse.ArgumentParser) -> None:
    _add_all(parser, {
        'show': ('the SDK in use and how it was found', ('sdk', 'show'), _json),
        'node': ('print the path of a Node that runs programs of every mode: the SDK\'s, one on PATH, or one that is got',
                 ('sdk', 'node'), _json),
        'install': ('get an SDK, without root and without touching the system', ('sdk', 'install_sdk'), _install),
    })


def _install(parser: argparse.ArgumentParser) -> None:
    parser.add_argument('--from', dest='source', choices=['auto', 'emsdk', 'debian'], default='auto',
                         help='official release archive or Debian packages (default: the first that can be reached)')
    parser.add_argument('--version', dest='wanted', metavar='V', help='for example 6.0.5 (default: the newest)')
    parser.add_argument('--dest', metavar='DIR', help='where to install it (default: in the home, where emroot finds it)')
    _json(parser)


def _list(parser: argparse.ArgumentParser) -> None:
    parser.add_argument('--features', action='append', default=[], metavar='F', help='features of the mode (default: wasm32)')
    parser.add_argument('--cache', type=_path, metavar='DIR', help='the cache directory to look at')
    parser.add_argument('patterns', nargs='*', metavar='PATTERN', help='targets, patterns or groups')
    _json(parser)


def _trust(parser: argparse.ArgumentParser) -> None:
    parser.add_argument('directory', nargs='?', metavar='DIR',
                        help='the directory of the emroot.toml (default: the nearest one, here or above)')
    parser.add_argument('--revoke', action='store_true', help='withdraw trust')
    _json(parser)


def _resolve(parser: argparse.ArgumentParser) -> None:
    parser.add_argument('--lang', choices=['c', 'c++'], help='language, if flags are given without a driver (default: c++)')
    parser.add_argument('--environment', action='store_true', help='use EMCC_CFLAGS, EMCC_FORCE_STDLIBS and similar variables')
    _json(parser)
    parser.add_argument('link', nargs=argparse.REMAINDER, metavar='-- LINK...',
                         help='a whole command line, or only flags; inputs need not exist')


def _build(parser: argparse.ArgumentParser) -> None:
    _selection(parser)
    _json(parser)


def _env(parser: argparse.ArgumentParser) -> None:
    _selection(parser)
    parser.add_argument('--shell', choices=['bash', 'fish', 'powershell', 'cmd'],
                        help='syntax of the output (default: the shell of this platform)')
    _json(parser)


def _run_command(parser: argparse.ArgumentParser) -> None:
    _selection(parser)
    parser.add_argument('--lazy', choices=['exact', 'predict', 'off'], help='exact: compile only the objects that a '
                        'link needs, for libraries with a known index; predict: also without an index; off: whole libraries '
                        '(default: exact; EMROOT_LAZY)')
    parser.add_argument('--complete', action='store_true', help='after a lazy link, build its libraries in the background, at '
                        'low priority (EMROOT_COMPLETE=1)')
    parser.add_argument('command', nargs=argparse.REMAINDER, metavar='-- COMMAND...',
                        help='the command; its exit code is passed on')


def _export(parser: argparse.ArgumentParser) -> None:
    _selection(parser)
    parser.add_argument('-o', '--output', type=_path, required=True, metavar='FILE',
                        help='the archive: .tar.gz, .tar.xz or .tar')
    parser.add_argument('--print-bazel', nargs='?', const='', metavar='URL',
                        help='print the tag with which emsdk\'s Bazel module downloads the archive from this URL')
    _json(parser)


def _import(parser: argparse.ArgumentParser) -> None:
    parser.add_argument('file', metavar='FILE', help='an archive from `emroot export`')
    parser.add_argument('--sha256', default='', metavar='HEX',
                        help='the digest that `emroot export` printed; another archive is refused')
    parser.add_argument('--force', action='store_true', help='import it even if it was built with another SDK')
    parser.add_argument('--cache', type=_path, metavar='DIR', help='the cache directory (default: one per SDK, in the home)')
    _json(parser)


def _publish(parser: argparse.ArgumentParser) -> None:
    parser.add_argument('destination', metavar='DIR|URL', help='a directory that any web server can serve, or a remote')
    parser.add_argument('--sign', metavar='KEY', help='sign the records with this OpenSSH key; with its public key as '
                        '--remote-key, a build accepts no other records')
    _selection(parser)
    _json(parser)


def _cache_key(parser: argparse.ArgumentParser) -> None:
    _selection(parser)
    _json(parser)


def _index(parser: argparse.ArgumentParser) -> None:
    _add_all(parser, {
        'export': ('write the indexes of the selected libraries; missing libraries are built',
                   ('index', 'export'), _index_export),
        'import': ('import the indexes of a file into the store', ('index', 'import_'), _index_import),
    })


def _index_export(parser: argparse.ArgumentParser) -> None:
    _selection(parser)
    parser.add_argument('-o', '--output', type=_path, required=True, metavar='FILE',
                        help='the file; some kilobytes for each mode')
    _json(parser)


def _index_import(parser: argparse.ArgumentParser) -> None:
    parser.add_argument('file', metavar='FILE', help='a file from `emroot index export`')
    parser.add_argument('--sha256', default='', metavar='HEX', help='the digest that `emroot index export --json` printed: the '
                        'file is then trusted like local indexes, and links need not verify it')
    _json(parser)


def _explain(parser: argparse.ArgumentParser) -> None:
    parser.add_argument('target', metavar='MODE/TARGET', help='for example wasm64-lto/libc-debug')
    parser.add_argument('--against', metavar='OTHER', help='another mode, MODE/TARGET or SDK: print only the differences')
    parser.add_argument('--object', metavar='NAME', help='one object of the target, for example strlen.o')
    _json(parser)


def _verify(parser: argparse.ArgumentParser) -> None:
    parser.add_argument('--repair', action='store_true', help='restore damaged files, or remove those that cannot be restored')
    parser.add_argument('--cache', type=_path, metavar='DIR',
                        help='a cache directory to check in addition to those in the home')
    _json(parser)


def _gc(parser: argparse.ArgumentParser) -> None:
    parser.add_argument('--max-size', type=size, metavar='5G',
                        help='size limit: bytes, or with K, M, G, T (5g, 5GB and 5GiB are the same)')
    parser.add_argument('--max-age', type=_age, metavar='90d',
                        help='remove what was not used for this time: seconds, or with m, h, d, w')
    parser.add_argument('--dry-run', action='store_true', help='print what would be removed')
    _json(parser)


def _report(parser: argparse.ArgumentParser) -> None:
    parser.add_argument('-o', '--output', type=_path, metavar='FILE', help='the page, for example report.html')
    parser.add_argument('--cache', type=_path, metavar='DIR',
                        help='the cache directory to look at (default: one per SDK, in the home)')
    _json(parser)


def _completion(parser: argparse.ArgumentParser) -> None:
    parser.add_argument('shell', choices=['bash', 'zsh', 'fish', 'powershell'], metavar='SHELL',
                        help='bash, zsh, fish or powershell')


def _doctor(parser: argparse.ArgumentParser) -> None:
    parser.add_argument('--message', metavar='TEXT',
                        help='the message from emcc; without TEXT or with -, a log from standard input')
    parser.add_argument('--cache', type=_path, metavar='DIR', help='the cache directory to look at')
    _json(parser)


def _common(parser: argparse.ArgumentParser, *, first: bool = False) -> None:
    """Add the options that may stand before or after the command."""
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


def _json(parser: argparse.ArgumentParser) -> None:
    parser.add_argument('--json', action='store_true', help='print one JSON document')


def _selection(parser: argparse.ArgumentParser) -> None:
    """Add the options for the selection, and those for the build."""
    what, how = parser.add_argument_group('what to build'), parser.add_argument_group('how')
    what.add_argument('--features', action='append', default=[], metavar='F',
                        help='features of a mode, e.g. wasm64,thinlto,pic; may be repeated for several modes')
    what.add_argument('--targets', action='append', default=[], metavar='T,T',
                        help='targets, patterns (libc++*), groups (MINIMAL, SYSTEM), ports (zlib), or MODE/TARGET')
    what.add_argument('--for', action='append', default=[], dest='links', metavar='LINK',
                        help='everything that this link needs, e.g. --for "em++ -O2 -flto=thin -pthread"')
    how.add_argument('--cache', type=_path, metavar='DIR', help='the cache directory (default: one per SDK, in the home)')
    how.add_argument('-j', '--jobs', type=_positive, default=0, metavar='N',
                     help='parallel jobs (default: EMROOT_JOBS or EMCC_CORES; otherwise the number of processors, within '
                          'the limits of the container, memory and a parent make)')
    how.add_argument('--trace', type=_path, metavar='FILE',
                     help='write the build\'s timeline, for ui.perfetto.dev or chrome://tracing')
    how.add_argument('--builder', choices=['source', 'embuilder'],
                        help='compile the SDK\'s sources, or run its embuilder (default: source)')
    how.add_argument('--base', type=_path, metavar='DIR', help='a read-only cache directory whose valid files are used '
                        "without a copy (EMROOT_BASE); '' for none, not even the SDK's own cache")
    how.add_argument('--launcher', metavar='PROGRAM', help='compile through ccache, sccache, recc, distcc or a similar program '
                        '(EM_COMPILER_WRAPPER)')
    how.add_argument('--remote', metavar='URL', help='download missing libraries from this remote (https, grpcs) or '
                        'directory (EMROOT_REMOTE); rw+URL also uploads what is built')
    how.add_argument('--remote-key', type=_path, metavar='KEY', help='accept only records that are signed with this OpenSSH '
                     'public key: a file, or the key itself (EMROOT_REMOTE_KEY)')
    how.add_argument('--remote-write', action='store_true', help='upload what is built to the remote')
    how.add_argument('--ports-from', type=_path, metavar='DIR',
                        help='a directory with archives of ports (checked by the SDK) or directories of their sources, by port')


def _path(text: str) -> str:
    """A path that may begin with `~`. An unknown home directory is reported before anything else."""
    if not text.startswith('~'):
        return text
    from ..host.files import user_path  # lazy import: the shell usually expands it
    return str(user_path(text))


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError('must be 1 or more')
    return number


def size(text: str) -> int:
    """Parse a size in bytes: `5G`, `5g`, `5GB`, `5 GiB` are 5 times 2 to the 30th; also `500m`, `100k`,
    `1.5T`, `1000`.

    Raises `ArgumentTypeError` for other text.
    """
    import re  # lazy import: rarely needed
    found = re.fullmatch(r'\s*(\d+(?:\.\d+)?)\s*(?:([kmgt])(?:i?b)?|b)?\s*', text, re.IGNORECASE | re.ASCII)
    if not found:
        raise argparse.ArgumentTypeError(f'{text!r} is not a size such as 5G')
    number, unit = found.groups()
    return int(float(number) * (1 << 10 * ('kmgt'.index(unit.lower()) + 1) if unit else 1))


def _age(text: str) -> float:
    return float(_number(text, {'': 1, 's': 1, 'm': 60, 'h': 3600, 'd': 86400, 'w': 604800}, 'an age such as 90d'))


def _number(text: str, units: dict[str, int], what: str) -> int:
    number, unit = text.rstrip(''.join(units)), text[len(text.rstrip(''.join(units))):]
    if unit not in units or not number.replace('.', '', 1).isdigit():
        raise argparse.ArgumentTypeError(f'{text!r} is not {what}')
    return int(float(number) * units[unit])
