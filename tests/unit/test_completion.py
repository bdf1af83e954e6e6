"""What TAB offers: from the parser, and from what SDKs have said before."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from support.running import Emroot, plain_environment

from emroot.cli.completion import complete
from emroot.cli.parser import make_parser

SHELLS = ('bash', 'zsh', 'fish', 'powershell')


def _offered(*words: str, split: bool = False) -> list[str]:
    return [value for value, _ in complete(words[:-1], words[-1], split=split)[1]]


def _kind(*words: str) -> str:
    return complete(words[:-1], words[-1])[0]


def test_commands_are_those_of_the_parser_with_what_they_do():
    offered = complete([], '')[1]
    help_ = make_parser().format_help()
    assert {'build', 'sdk', 'report', 'completion'} <= {name for name, _ in offered}
    assert all(f'    {name} ' in help_ and about for name, about in offered)


@pytest.mark.parametrize(('words', 'offered'), [
    (('re',), ['resolve', 'report']),
    (('sdk', ''), ['show', 'node', 'install']),
    (('-q', 'sdk', 's'), ['show']),
    (('build', '--feat'), ['--features']),
    (('build', '--cache', 'somewhere', '--feat'), ['--features']),
    (('sdk', 'install', '--from', ''), ['auto', 'emsdk', 'debian']),
    (('sdk', 'install', '--from=d'), ['--from=debian']),
    (('env', '--shell', 'f'), ['fish']),
    (('completion', ''), list(SHELLS)),
    (('build', '--features', 'wasm'), ['wasm32', 'wasm64']),
    (('build', '--features', 'wasm64,'), ['wasm64,lto', 'wasm64,thinlto', 'wasm64,pic']),
    (('build', '--features', 'lto-thin,wasm64,'), ['lto-thin,wasm64,pic']),
    (('build', '--features=pic,l'), ['--features=pic,lto']),
    (('explain', 'wasm64-lto'), ['wasm64-lto/', 'wasm64-lto-pic/']),
    (('nonsense', ''), []),
])
def test_what_may_follow_is_offered(words: tuple[str, ...], offered: list[str]):
    assert _offered(*words) == offered


def test_an_option_is_offered_once_unless_it_may_repeat():
    assert '--json' in _offered('build', '--')
    assert '--json' not in _offered('build', '--json', '--')
    assert '--features' in _offered('build', '--features', 'wasm64', '--')


@pytest.mark.parametrize(('words', 'kind'), [
    (('build', '--cache', ''), 'directories'), (('--home', ''), 'directories'), (('import', ''), 'files'),
    (('report', '-o', 'x'), 'files'), (('build', '--for', ''), 'none'), (('run', '--features', 'pic', '--', 'cm'), 'command 4'),
    (('resolve', '--', 'em++', '-O'), 'command 2'), (('explain', 'wasm32'), 'nospace'), (('doctor', '--message', ''), 'none')])
def test_what_is_no_list_is_said_by_its_kind(words: tuple[str, ...], kind: str):
    assert _kind(*words) == kind


def test_words_that_bash_splits_are_put_together():
    assert _offered('build', '--features', '=', 'wasm64,th', split=True) == ['wasm64,thinlto']
    assert _offered('build', '--features', '=', split=True) == ['wasm32', 'wasm64', 'lto', 'thinlto', 'pic']


def test_every_option_with_a_value_has_a_kind_or_is_free_text():
    """A new option is thought of here: what completes its value, or that nothing can."""
    from emroot.cli.completion import KINDS
    free = {'TEXT', 'NAME', 'V', 'N', 'LINK', 'HEX', '5G', '90d', 'URL', '-- LINK...', '-- COMMAND...'}
    seen = set()
    pending = [make_parser()]
    while pending:
        parser = pending.pop()
        if hasattr(parser, 'complete'):
            parser.complete()
        for action in parser._actions:
            if isinstance(choices := action.choices, dict):
                pending += choices.values()
            elif action.nargs != 0 and not choices:
                seen.add(str(action.metavar))
    assert seen <= free | set(KINDS) and len(seen) > 10


@pytest.fixture
def targets(fake: Emroot) -> Callable[..., list[str]]:
    """What is offered with a home that has seen an SDK."""
    def offered(*words: str) -> list[str]:
        return _offered('--home', str(fake.home), *words)
    return offered


def test_targets_are_those_that_the_sdk_named_before(targets: Callable[..., list[str]]):
    assert targets('build', '--targets', 'libone') == ['libone', 'libone-debug']
    assert targets('build', '--targets', 'crt1,libone-') == ['crt1,libone-debug']
    assert targets('list', 'libm') == ['libmany']
    assert targets('explain', 'wasm32/libo') == ['wasm32/libone', 'wasm32/libone-debug']
    assert targets('build', '--targets', 'MIN') == ['MINIMAL']
    assert targets('build', '--features', 'wasm64,thinlto', '--targets', 'lib') == [], 'of a mode that was never asked for'


def test_nothing_is_offered_where_no_sdk_was_seen(tmp_path: Path):
    assert _offered('--home', str(tmp_path), 'build', '--targets', 'lib') == []
    assert list(tmp_path.iterdir()) == []


def test_an_answer_costs_no_more_than_reading_the_command_line(fake: Emroot):
    """It is awaited at each TAB: neither the engine nor anything that looks for SDKs is even imported."""
    script = 'import sys; from emroot.cli import main; main(sys.argv[1:]); print(*sys.modules)'
    typed = ['--home', str(fake.home), 'build', '--targets', 'libo']
    ran = subprocess.run([sys.executable, '-c', script, '__complete', 'bash', '4', *typed],
                         env=plain_environment(), capture_output=True, text=True, check=True)
    modules = {name for name in ran.stdout.splitlines()[-1].split() if name.startswith('emroot.')}
    assert modules == {'emroot.' + name for name in (
        'cli', 'cli.arguments', 'cli.commands', 'cli.commands.build', 'cli.completion', 'cli.parser', 'cli.ui',
        'cli.ui.streams', 'errors', 'hashing', 'host', 'host.checked_json', 'host.deferred_imports', 'host.files', 'host.home',
        'host.permissions', 'host.quoting', 'modes')}
    assert 'libone' in ran.stdout


@pytest.mark.parametrize('shell', SHELLS)
def test_each_shell_has_a_script(fake: Emroot, shell: str):
    ran = fake('completion', shell)
    assert ran.code == 0 and f'__complete {shell}' in ran.out
    assert f'emroot completion {shell}' in ran.out, 'it says how to set it up'
