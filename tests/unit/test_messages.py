"""Bad input: each kind with its exit code and a sentence that fixes it, word for word in `tests/golden/messages.json`."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from support.fake import configure, make_fake_llvm, make_fake_sdk
from support.overlay import overlay
from support.running import Emroot, Ran

CASES: dict[str, tuple[int, list[str]]] = {
    'nothing selected': (2, ['build']),
    'contradictory architectures': (2, ['build', '--features', 'wasm64,lto,wasm32']),
    'contradictory LTO': (2, ['build', '--features', 'thinlto-lto']),
    'unknown feature': (4, ['build', '--features', 'wasm46']),
    'unknown mode of a target': (4, ['build', '--targets', 'wasm64-ltoo/libone']),
    'unknown target': (4, ['build', '--targets', 'libone-dbug']),
    'a pattern without a match': (4, ['list', 'libx*']),
    'unknown object': (4, ['explain', 'wasm32/libone', '--object', 'aa.o']),
    'explaining no target': (2, ['explain', 'libone']),
    'explaining several': (2, ['explain', 'wasm32/lib*']),
    'a cache directory inside the SDK': (2, ['build', '--targets', 'libone', '--cache', '{sdk}/cache']),
    'no command to run': (2, ['run', '--targets', 'crt1', '--']),
    'a command that is not there': (2, ['run', '--targets', 'crt1', '--', 'no-such-command']),
}


def _words(ran: Ran, directories: dict[str, Path]) -> list[str]:
    text = ran.err
    for name, directory in directories.items():
        text = text.replace(str(directory), f'<{name}>')
    text = re.sub(r'\b\d+\.\d s\b', '<time>', text)
    return [line for line in text.splitlines() if line.startswith(('emroot: error', '  hint'))]


def _broken_sdks(tmp_path: Path) -> dict[str, Path]:
    whole = make_fake_sdk(tmp_path / 'whole')
    sdks = {name: overlay(whole, tmp_path / name.replace(' ', '-')) for name in
            ('missing clang', 'clang that does not run', 'failing module')}
    configure(sdks['missing clang'], tmp_path / 'nothing')
    unable = make_fake_llvm(tmp_path / 'unable')
    (unable / 'clang').write_text('#!/no/such/interpreter\n')
    configure(sdks['clang that does not run'], unable)
    (sdks['failing module'] / 'emcc.py').unlink()
    (sdks['failing module'] / 'emcc.py').write_text('import no_such_module\n')
    sdks['too old'] = make_fake_sdk(tmp_path / 'old', version='3.1.50')
    sdks['no SDK there'] = tmp_path / 'nothing'
    return sdks


def test_messages_are_the_golden_ones(fake: Emroot, tmp_path: Path, golden: Callable[[str, object], None]):
    directories = {'sdk': fake.sdk or tmp_path, 'home': fake.home, 'tmp': tmp_path}
    said = {}
    for name, (code, arguments) in CASES.items():
        ran = fake(*[a.replace('{sdk}', str(fake.sdk)) for a in arguments], cwd=tmp_path)
        assert ran.code == code, (name, ran.err)
        assert ran.out == ''
        said[name] = {'exit': code, 'says': _words(ran, directories)}
    for name, root in _broken_sdks(tmp_path).items():
        ran = Emroot(fake.home, root)('build', '--targets', 'libone', cwd=tmp_path)
        assert ran.code == 3, (name, ran.err)
        said[name] = {'exit': 3, 'says': _words(ran, directories)}
    ran = Emroot(fake.home)('list', env={'PATH': str(tmp_path)}, cwd=tmp_path)
    assert ran.code == 3, ran.err
    said['no SDK at all'] = {'exit': 3, 'says': _words(ran, directories)}
    assert all(len(case['says']) == 2 for case in said.values()), said
    golden('messages', said)


@pytest.mark.parametrize('arguments', [['biuld'], ['build', '--no-such-option'], ['build', '-j', '0'], ['build', '-j', 'x'], [],
                                       ['-v', '-q', 'list']])
def test_a_command_line_that_cannot_be_read_is_usage(fake: Emroot, arguments: list[str]):
    ran = fake(*arguments)
    assert ran.code == 2
    assert ran.err.startswith('usage:')


@pytest.mark.parametrize(('arguments', 'meant'), [
    ('bild', 'build'), ('sdk instal', 'install'), ('build --feature wasm64 --target libone', '--features'),
    ('build --targets libone --trac=t', '--trace'), ('sdk show --jsn', '--json'), ('link --lasy off -- emcc a.o', '--lazy')])
def test_names_are_not_abbreviated_and_the_nearest_is_named(fake: Emroot, arguments: str, meant: str):
    """A prefix that is one option's today would be two options', or another's, tomorrow."""
    ran = fake(*arguments.split())
    assert ran.code == 2 and ran.out == ''
    assert f'; did you mean {meant}' in ran.err and '--help` lists them all' in ran.err


def test_what_is_no_option_of_emroot_goes_after_two_dashes(fake: Emroot):
    ran = fake('resolve', '-O2', '-flto')
    assert ran.code == 2 and "unknown option '-O2'" in ran.err and 'go after `--`' in ran.err


def test_a_traceback_is_for_those_who_ask(fake: Emroot):
    with fake.start('-v', 'list', 'libx') as process:
        assert process.stderr is not None
        said = process.stderr.read()
    assert 'Traceback' in said and 'did you mean' in said
    assert 'Traceback' not in fake('list', 'libx').err


@pytest.mark.parametrize('arguments', [['--help'], ['build', '--help'], ['sdk', 'install', '--help'], ['--version']])
def test_help_needs_no_sdk(tmp_path: Path, arguments: list[str]):
    ran = Emroot(tmp_path)(*arguments, env={'PATH': str(tmp_path)})
    assert ran.code == 0 and 'emroot' in ran.out and ran.err == ''


def test_help_names_the_exit_codes(tmp_path: Path):
    assert '130 interrupted' in Emroot(tmp_path)('--help').out


def test_a_reader_that_goes_away_is_no_error(fake: Emroot):
    with fake.start('list', '--json') as process:
        assert process.stdout is not None and process.stderr is not None
        process.stdout.close()
        said = process.stderr.read()
    assert process.returncode == 0
    assert said == ''
