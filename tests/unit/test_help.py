"""Help: of every command, with examples that the parser takes, in eighty columns."""

from __future__ import annotations

import argparse
import pkgutil
import re
import shlex
from collections.abc import Iterator

import pytest
from support.running import Emroot

from emroot.cli import commands
from emroot.cli.commands import load
from emroot.cli.parser import Command, make_parser


def _parsers(parser: argparse.ArgumentParser, name: str = '') -> Iterator[tuple[str, argparse.ArgumentParser]]:
    assert isinstance(parser, Command)
    parser.complete()
    yield name, parser
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for word, each in action.choices.items():
                yield from _parsers(each, f'{name} {word}'.strip())


PARSERS = dict(_parsers(make_parser()))


def test_a_command_that_is_not_loaded_answers_whatever_argparse_asks():
    """That of Python 3.14 asks each command for more than its name, for a list of them."""
    command = Command(prog='emroot gc', description='d')
    assert (command.prog, command.description) == ('emroot gc', 'd')
    with pytest.raises(AttributeError, match='no_such'):
        command.no_such  # noqa: B018


EXAMPLES = {name: load(name).EXAMPLES for name in PARSERS}


def test_there_are_examples_for_every_command():
    assert all(EXAMPLES.values())


def test_every_module_of_the_commands_is_a_command():
    modules = {module.name for module in pkgutil.walk_packages(commands.__path__, f'{commands.__name__}.')}
    assert modules == {load(name).__name__ for name in PARSERS if name}


@pytest.mark.parametrize('line', [line for examples in EXAMPLES.values() for line, _ in examples])
def test_the_parser_takes_each_example(line: str):
    found = re.search(r'emroot (.*)', line)
    assert found
    inner = found[1].removesuffix(')"')  # eval "$(emroot ...)"
    words = shlex.split(re.split(r' [|>] ', inner)[0])
    assert make_parser().parse_args(words).run


@pytest.mark.parametrize('command', PARSERS)
def test_help_says_what_it_does_and_how_it_ends(command: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv('COLUMNS', '80')
    text = PARSERS[command].format_help()
    assert 'examples:\n' in text and '130 interrupted' in text and 'with every command:' in text
    prose = text.partition('examples:')[0]
    assert max(map(len, prose.splitlines())) <= 80
    for action in PARSERS[command]._actions:
        assert action.help or isinstance(action, argparse._SubParsersAction), f'{action.dest} is not explained'


def test_options_for_every_command_may_stand_before_and_after_it(fake: Emroot, tmp_path: object):
    assert fake('list', '--home', fake.home).code == 0
    assert make_parser().parse_args(['--home', 'a', 'list', '-q']).home == 'a'
    assert make_parser().parse_args(['--home', 'a', 'list', '--home', 'b']).home == 'b'
