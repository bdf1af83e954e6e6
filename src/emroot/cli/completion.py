"""What a shell may offer at TAB: the scripts of `emroot completion` run `emroot __complete SHELL N WORD...`.

The words are those after `emroot`; word N is being typed. The first line of the answer is its kind: `values` or
`nospace` (with a line per value: value, tab, description), `files`, `directories`, `command N` (like the command
that starts at word N) or `none`. Options come from the parser, targets from cached listings. No SDK is queried or
searched.
"""

from __future__ import annotations

import argparse
import contextlib
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from ..modes import ALIASES, FEATURES, Mode, all_modes, parse_features

Answer = tuple[str, list[tuple[str, str]]]
#: The kind of completion for a value, by its name in the help.
KINDS = {'F': 'features', 'T,T': 'targets', 'PATTERN': 'target', 'MODE/TARGET': 'archive', 'OTHER': 'archive',
         'DIR': 'directories', 'PATH': 'directories', 'DIR|URL': 'directories', 'FILE': 'files', 'PROGRAM': 'files',
         'KEY': 'files'}


def answer(arguments: Sequence[str]) -> int:
    """Print the answer to `__complete SHELL N WORD...`."""
    shell, number, words = arguments[0], int(arguments[1]), list(arguments[2:])
    typed, current = words[:number], words[number] if number < len(words) else ''
    kind, values = complete(typed, current, split=shell == 'bash')
    lines = [kind, *(f'{value}\t{about}' for value, about in values)]
    sys.stdout.buffer.write(('\n'.join(lines) + '\n').encode(errors='surrogateescape'))  # Windows ends text otherwise
    return 0


def complete(typed: Sequence[str], current: str, *, split: bool = False) -> Answer:
    """Completions of `current` after the words `typed`. `split`: words are split at each `=`, as in bash."""
    if split:
        typed, current = _joined(typed, current)
    line = _read(typed)
    if line.command is not None:
        return f'command {line.command}', []
    option, equals, value = current.partition('=')
    if line.awaiting:
        return _values(line, line.awaiting, current)
    if current.startswith('--') and equals:
        action = line.option(option)
        kind, found = _values(line, action, value) if action and action.nargs != 0 else ('none', [])
        return kind, [(each if split else f'{option}={each}', about) for each, about in found]
    if current.startswith('-'):
        return _fitting('values', current, line.options())
    if line.commands:
        return _fitting('values', current, line.commands.items())
    action = line.positional()
    return _values(line, action, current) if action else ('none', [])


@dataclass
class _Line:
    """The words typed so far."""

    parser: argparse.ArgumentParser
    given: dict[str, list[str]] = field(default_factory=dict)
    """Values of options and of positional arguments, by their `dest`."""
    awaiting: argparse.Action | None = None
    """The option that expects a value."""
    command: int | None = None
    """The index of the first word of a command that is not emroot's."""
    taken: int = 0
    """The number of positional arguments so far."""

    @property
    def commands(self) -> dict[str, str]:
        return {choice.dest: choice.help or '' for action in self.parser._actions
                if isinstance(action, argparse._SubParsersAction) for choice in action._choices_actions}

    def option(self, name: str) -> argparse.Action | None:
        return self.parser._option_string_actions.get(name)

    def options(self) -> Iterator[tuple[str, str]]:
        """The options that may still be given."""
        for action in self.parser._actions:
            repeats = isinstance(action, argparse._AppendAction)
            if action.option_strings and (repeats or action.dest not in self.given) and action.help != argparse.SUPPRESS:
                yield action.option_strings[-1], action.help or ''

    def positional(self) -> argparse.Action | None:
        expected = [a for a in self.parser._actions if not a.option_strings and not isinstance(a, argparse._SubParsersAction)]
        if self.taken < len(expected):
            return expected[self.taken]
        return expected[-1] if expected and expected[-1].nargs in ('*', '+') else None


def _read(typed: Sequence[str]) -> _Line:
    from .parser import make_parser
    line = _Line(make_parser())
    for at, word in enumerate(typed):
        option, equals, value = word.partition('=')
        if line.awaiting:
            line.given.setdefault(line.awaiting.dest, []).append(word)
            line.awaiting = None
        elif word == '--':
            line.command = at + 1
            break
        elif action := line.option(option) if word.startswith('-') else None:
            line.given.setdefault(action.dest, []).extend([value] if equals else [])
            line.awaiting = action if action.nargs != 0 and not equals else None
        elif line.commands:
            _enter(line, word)
        elif not word.startswith('-'):
            line.taken += 1
    return line


def _enter(line: _Line, word: str) -> None:
    """Continue with the parser of a command; after an unknown word there are no completions."""
    from .parser import Command
    for action in line.parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            line.parser = action.choices.get(word) or argparse.ArgumentParser(add_help=False)
            if isinstance(line.parser, Command):
                line.parser.complete()
            return


def _joined(typed: Sequence[str], current: str) -> tuple[list[str], str]:
    """Join words that bash has split at `=`."""
    words: list[str] = []
    for word in [*typed, current]:
        if words and (word == '=' or words[-1].endswith('=')) and words[-1].startswith('--'):
            words[-1] += word
        else:
            words.append(word)
    return words[:-1], words[-1]


def _fitting(kind: str, current: str, values: Iterable[tuple[str, str]]) -> Answer:
    return kind, [(value, about) for value, about in values if value.startswith(current)]


def _values(line: _Line, action: argparse.Action, current: str) -> Answer:
    if action.choices:
        return _fitting('values', current, ((str(choice), '') for choice in action.choices))
    kind = KINDS.get(str(action.metavar), 'none')
    before, comma, last = current.rpartition(',')
    if kind == 'features':
        return 'values', [(f'{before}{comma}{name}', '') for name in _features(before) if name.startswith(last)]
    if kind in ('targets', 'target'):
        names = [name for mode in _modes(line) for name in _targets(line, mode)]
        return 'values', [(f'{before}{comma}{name}', '') for name in dict.fromkeys(names) if name.startswith(last)]
    if kind == 'archive':
        mode, slash, target = current.partition('/')
        if not slash:
            return 'nospace', [(f'{each}/', '') for each in all_modes() if each.name.startswith(mode)]
        chosen = next((each for each in all_modes() if each.name == mode), None)
        names = _targets(line, chosen) if chosen else []
        return 'values', [(f'{mode}/{name}', '') for name in names if name.startswith(target)]
    return kind, []


def _features(before: str) -> list[str]:
    """The features that are compatible with those given before."""
    given = [ALIASES.get(name, name) for name in before.split(',') if name]
    decided = {FEATURES[name][0].name for name in given if name in FEATURES}
    return [name for name, (axis, _) in FEATURES.items() if axis.name not in decided]


def _modes(line: _Line) -> list[Mode]:
    """The modes of `--features`, as far as they are valid; wasm32 by default."""
    from ..errors import EmrootError
    found = []
    for given in line.given.get('features') or ['wasm32']:
        with contextlib.suppress(EmrootError):
            found.append(parse_features([given]))
    return found


def _targets(line: _Line, mode: Mode) -> list[str]:
    """Cached names of the last SDK in a mode: targets, groups, ports."""
    from ..host.checked_json import read_checked_json
    from ..host.home import find_home
    home = find_home(next(iter(line.given.get('home', ())), None))
    known = sorted(home.memo.glob(f'probe/*/*/{mode}/list.json'), key=lambda path: path.stat().st_mtime)
    memo = (read_checked_json(known[-1]) if known else None) or {}
    return [name for part in ('libraries', 'groups', 'ports', 'port_variants') for name in memo.get(part, {})]
