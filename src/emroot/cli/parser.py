"""The parser of the command line. It imports a command's module only when that command was given, so that `--help` costs little.

What commands there are says `commands/__init__.py`; what a command takes says its module there.
"""

from __future__ import annotations

import argparse
import contextlib
import functools
import os
import sys
from collections.abc import Iterable
from typing import Any

from .. import __version__
from .arguments import add_common
from .commands import load

EXIT_CODES = """\
exit codes:
  0 done   2 usage   3 no usable SDK   4 unknown feature or target
  5 a compile failed (the others are built and kept)
  6 store or cache directory damaged, full or not writable
  7 remote refused   130 interrupted
"""


class Formatter(argparse.RawDescriptionHelpFormatter):
    """As wide as the terminal. argparse makes one for each argument: the width is looked up once, and without shutil."""

    def __init__(self, prog: str, **given: Any) -> None:
        super().__init__(prog, **{'width': terminal_width() - 2, **given})


class Command(argparse.ArgumentParser):
    """A command whose arguments are added only when it is used: unused commands cost nothing."""

    def __init__(self, **given: Any) -> None:
        self._given: dict[str, Any] | None = given

    def __getattr__(self, name: str) -> Any:
        """Whatever else argparse asks of it makes it a parser."""
        if self.__dict__.get('_given') is None:
            raise AttributeError(f'no attribute {name!r}', name=name, obj=self)
        self.complete()
        return getattr(self, name)

    def _check_help(self, action: argparse.Action) -> None:
        """argparse of Python 3.14 would make each command a parser, to see whether its one-line help can be formatted."""
        if self._given is None:
            super()._check_help(action)  # type: ignore[misc, unused-ignore]

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
        """Make it a parser: import the command, and add its arguments or the commands below it."""
        given, self._given = self._given, None
        if given is None:
            return
        # No abbreviations: `--feature` would mean another option, or none, once there is a second that begins so.
        super().__init__(formatter_class=Formatter, allow_abbrev=False, **given)
        module = load(self.command)
        if not self.command:
            self.add_argument('--version', action='version', version=f'emroot {__version__}')
            add_common(self, first=True)
        if hasattr(module, 'COMMANDS'):
            added = self.add_subparsers(metavar='COMMAND', required=True, parser_class=Command)
            for name, summary in module.COMMANDS.items():
                added.add_parser(name, help=summary, description=f'{summary[0].upper()}{summary[1:]}.')
        else:
            module.add_arguments(self)
            self.set_defaults(run=module.run)
        if self.command:
            add_common(self)

    @property
    def command(self) -> str:
        """The words after `emroot`: `sdk install`; nothing for the whole."""
        return self.prog.partition(' ')[2]

    def format_help(self) -> str:
        """Add examples and exit codes, which only help needs."""
        import textwrap
        self.complete()
        self.description = textwrap.fill(self.description or '', terminal_width() - 2)
        examples = ''.join(f'  {line}\n      {what}\n' for line, what in load(self.command).EXAMPLES)
        self.epilog = f'examples:\n{examples}\n{EXIT_CODES}'
        return super().format_help()


@functools.cache
def terminal_width() -> int:
    """Columns of the terminal, like `shutil.get_terminal_size`, whose module imports compressors."""
    with contextlib.suppress(ValueError):
        if (columns := int(os.environ.get('COLUMNS', ''))) > 0:
            return columns
    with contextlib.suppress(AttributeError, ValueError, OSError):  # no standard output, or no terminal
        return os.get_terminal_size(sys.__stdout__.fileno()).columns or 80  # type: ignore[union-attr]
    return 80


def make_parser() -> Command:
    parser = Command(prog='emroot', description='Emscripten system libraries in any mode, built on demand, once.')
    parser.complete()
    return parser
