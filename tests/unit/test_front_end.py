"""Commands of the front end are known without the driver once it has said the same for two."""

from __future__ import annotations

import shlex
from collections.abc import Callable

import pytest

from emroot.engine.execution.front_end import FrontEndCommands, front_end_command


def _command(name: str, *more: str, suffix: str = '.c') -> list[str]:
    return ['clang', '-O2', *more, '-c', f'src/{name}{suffix}', '-o', f'out/{name}.o', '-MD', '-MF', '0.d']


def _driver(asked: list[list[str]], also: str = '', jobs: int = 1) -> Callable[[list[str]], str]:
    def says(command: list[str]) -> str:
        asked.append(command)
        source, name = command[command.index('-c') + 1], command[command.index('-o') + 1]
        words = ['/bin/clang', '-cc1', '-O2', '-main-file-name', source.split('/')[-1], '-dependency-file', '0.d', '-MT', name,
                 f'-fsomething={name}', '-o', name, '-x', 'c', source]
        quoted = ' '.join('"' + word.replace('\\', '\\\\').replace('"', '\\"').replace('$', '\\$') + '"' for word in words)
        return f'clang version 21\nTarget: wasm64\n{also}' + f' {quoted}\n' * jobs
    return says


def test_a_driver_is_asked_twice():
    known, asked = FrontEndCommands(), []
    says = _driver(asked)
    names = ['one', 'two', 'three', 'four', 'c++', 'ä_1', '-x']
    found = [known.find(_command(name), '/', says) for name in names]
    assert [command[:-1] for command in asked] == [_command('two'), _command('three')]
    assert found == [[], *(front_end_command(_driver([])(_command(name))) for name in names[1:])]
    assert found[-2][-1] == 'src/ä_1.c'


@pytest.mark.parametrize('other', ['flags', 'directory', 'suffix'])
def test_others_are_asked_for_anew(other: str):
    known, asked = FrontEndCommands(), []
    for name in ('one', 'two', 'three', 'four'):
        known.find(_command(name), '/', _driver(asked))
    command = _command('five', *(['-O1'] if other == 'flags' else []), suffix='.cpp' if other == 'suffix' else '.c')
    assert known.find(command, '/other' if other == 'directory' else '/', _driver(asked)) == []
    assert len(asked) == 2


@pytest.mark.parametrize('driver', [{'also': 'clang: warning: argument unused during compilation\n'}, {'jobs': 2}, {'jobs': 0}])
def test_what_else_a_driver_says_or_does_it_does_each_time(driver: dict):
    known = FrontEndCommands()
    assert [known.find(_command(name), '/', _driver([], **driver)) for name in 'abcd'] == [[]] * 4


def test_a_driver_that_decides_by_names_decides_each_time():
    known, asked = FrontEndCommands(), []

    def says(command: list[str]) -> str:
        name = command[command.index('-o') + 1].removesuffix('.o')
        return _driver(asked)(command).replace('"-O2"', f'"-dumpdir" "{name}-"')
    assert [bool(known.find(_command(name), '/', says)) for name in 'abcde'] == [False, True, False, False, False]
    assert len(asked) == 2


def test_one_file_twice_proves_nothing():
    known, asked = FrontEndCommands(), []
    for name in ('one', 'two', 'two', 'two', 'three', 'four'):
        known.find(_command(name), '/', _driver(asked))
    assert [command[-1] for command in asked] == ['-###'] * 4
    assert asked[-1][:-1] == _command('three')


@pytest.mark.parametrize('command', ['clang --version', 'clang -c a.c b.c -o x.o', 'clang -c a.S -o a.o', 'clang a.c -o a',
                                     'clang -c a.c -o', 'clang -c a.c -o a.c', 'clang -c a.c -o x.o -MF', 'clang -c -',
                                     'clang -c "a b.c" -o x.o', 'clang -c a.c -o c$d.o', 'clang -c a.c -o x.o -MF "#"'])
def test_nothing_is_known_of_other_commands(command: str):
    known, asked = FrontEndCommands(), []
    assert [known.find(shlex.split(command), '/', _driver(asked)) for _ in range(4)] == [[]] * 4
    assert asked == []
