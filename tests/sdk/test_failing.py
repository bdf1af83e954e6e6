"""A compile that fails fails its target only, and says how to see that again."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from support.overlay import overlay
from support.running import Emroot, plain_environment
from support.snapshots import archives

from emroot.libraries.catalogue import Catalogue
from emroot.modes import Mode

BROKEN = 'int fine;\nthis does not compile;\n'


@pytest.fixture
def broken(sdk_root: Path, tmp_path: Path, catalogue: Catalogue) -> Emroot:
    """An SDK in which one source of libhtml5 has a syntax error."""
    sources = [m.source for m in catalogue.recipes(Mode(), ['libhtml5'])['libhtml5'].members]
    relative = sources[0].removeprefix('../../../').removeprefix('{sdk}/')
    return Emroot(tmp_path / 'home', overlay(sdk_root, tmp_path / 'emscripten', {relative: BROKEN}))


def test_the_others_are_built_and_kept(broken: Emroot):
    document = broken.build('libhtml5', 'libnoexit', 'libal', code=5)
    result = document['modes']['wasm32']
    assert sorted(result['built']) == ['libal', 'libnoexit']
    assert [f['target'] for f in result['failed']] == ['libhtml5']
    assert set(result['failed'][0]) == {'target', 'error'}
    assert 'this does not compile' in result['failed'][0]['error']
    assert len(archives(Path(document['cache']))) == 2
    again = broken.build('libhtml5', 'libnoexit', code=5)
    assert again['modes']['wasm32']['reused'] == ['libnoexit']
    assert again['objects']['compiled'] == 1, 'the four of libhtml5 that compile are kept too'


def test_the_message_is_shown_once_with_the_command_that_repeats_it_and_a_log(broken: Emroot, tmp_path: Path):
    ran = broken('build', '--features', 'wasm32', '--features', 'lto', '--targets', 'libhtml5,wasm32/libhtml5,wasm32/libnoexit',
                 cwd=tmp_path)
    assert ran.code == 5
    assert ran.err.count('cannot build wasm32/libhtml5, wasm32-lto/libhtml5:') == 1
    assert ran.err.count('unknown type name') == 1
    command = ran.err.split('to reproduce: ')[1].splitlines()[0]
    repeated = subprocess.run(['sh', '-c', command], env=plain_environment(), capture_output=True, text=True, check=False)
    assert repeated.returncode != 0
    assert 'this does not compile' in repeated.stderr

    log = Path(ran.err.split('log: ')[1].splitlines()[0])
    text = log.read_text()
    assert log.parent == broken.home / 'logs'
    assert 'failed wasm32/libhtml5' in text and 'built wasm32/libnoexit' in text
    assert 'emroot ' in text.splitlines()[0]


@pytest.mark.slow
def test_the_command_that_repeats_it_succeeds_once_it_is_mended(broken: Emroot, tmp_path: Path):
    ran = broken('build', '--targets', 'libhtml5', cwd=tmp_path)
    assert broken.sdk
    source = next(p for p in (broken.sdk / 'system').rglob('*.c') if not p.is_symlink())
    source.write_text('int fixed;\n')
    command = ran.err.split('to reproduce: ')[1].splitlines()[0]
    subprocess.run(['sh', '-c', command], env=plain_environment(), check=True)
    assert broken.build('libhtml5')['modes']['wasm32']['built'] == ['libhtml5']


@pytest.mark.slow
def test_what_embuilder_cannot_build_is_a_failure_too(broken: Emroot):
    ran = broken('build', '--json', '--builder', 'embuilder', '--targets', 'libhtml5,libnoexit')
    assert ran.code == 5
    assert ran.json['modes']['wasm32']['built'] == ['libnoexit']
    assert [f['target'] for f in ran.json['modes']['wasm32']['failed']] == ['libhtml5']
