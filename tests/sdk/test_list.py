"""`emroot list` knows what the SDK's own embuilder knows."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from support.running import Emroot, plain_environment

from emroot.modes import parse_mode
from emroot.sdk import Sdk


def _embuilder(sdk: Sdk, cache: Path, *arguments: str) -> str:
    env = plain_environment({'EM_CACHE': str(cache), 'PYTHONDONTWRITEBYTECODE': '1'})
    command = [*sdk.python, str(sdk.root / 'embuilder.py'), *arguments]
    return subprocess.run(command, env=env, capture_output=True, text=True, check=True).stdout


def test_it_has_the_targets_and_ports_of_embuilders_help(shared: Emroot, sdk: Sdk, tmp_path: Path):
    said = _embuilder(sdk, tmp_path, '--help').split('build / clear')[1].split('Issuing')[0].split()
    listed = shared('list', '--json').json
    names = [t['name'] for t in listed['targets']] + listed['ports']
    assert sorted(names) == sorted(said)
    assert len(names) > 300


@pytest.mark.parametrize('mode', [
    'wasm64-lto-pic', *(pytest.param(mode, marks=pytest.mark.slow) for mode in ('wasm32-pic', 'wasm64-thinlto'))])
def test_in_every_mode_it_has_the_targets_that_embuilder_takes_for_all(shared: Emroot, sdk: Sdk, tmp_path: Path, mode: str):
    """`clear` goes through the same targets as `build`, here in a cache directory with nothing in it."""
    said = _embuilder(sdk, tmp_path, *parse_mode(mode).embuilder_flags, 'clear', 'SYSTEM')
    line = next(line for line in said.splitlines() if line.startswith('Building targets: '))
    listed = shared('list', '--json', '--features', mode, '--cache', tmp_path).json
    assert listed['mode'] == mode
    assert [t['name'] for t in listed['targets']] == line.removeprefix('Building targets: ').split()


def test_the_document_has_the_contracts_shape(shared: Emroot):
    listed = shared('list', '--json', 'crt1', 'libc*').json
    assert {'mode', 'targets'} <= set(listed)
    for target in listed['targets']:
        assert set(target) == {'name', 'file', 'objects', 'present'}
        assert target['file'] in (f'{target["name"]}.a', f'{target["name"]}.o') or target['file'].endswith('.a')
        assert target['objects'] > 0
        assert isinstance(target['present'], bool)
    assert [t['file'] for t in listed['targets'] if t['name'] == 'crt1'] == ['crt1.o']


def test_patterns_and_groups_select(shared: Emroot):
    names = [t['name'] for t in shared('list', '--json', 'libstubs*', 'crt1').json['targets']]
    assert names == ['libstubs', 'libstubs-debug', 'crt1']
    minimal = [t['name'] for t in shared('list', '--json', 'MINIMAL').json['targets']]
    assert 'libc' in minimal and len(minimal) < 100


def test_it_says_what_is_present(seen: Emroot, tmp_path: Path):
    seen.build('libnoexit', cache=tmp_path / 'cache')
    listed = seen('list', '--json', '--cache', tmp_path / 'cache', 'libnoexit', 'libal').json
    assert [t['present'] for t in listed['targets']] == [True, False]


def test_what_varies_is_shown_to_people(shared: Emroot):
    ran = shared('list', 'libc-mt-debug')
    assert ran.out.startswith('wasm32: 1 targets, ')
    assert 'libc-mt-debug' in ran.out and 'mt=True' in ran.out


def test_several_modes_are_several_documents(shared: Emroot):
    listed = shared('list', '--json', '--features', 'wasm32', '--features', 'wasm64,pic', 'crt1').json
    assert [document['mode'] for document in listed] == ['wasm32', 'wasm64-pic']
