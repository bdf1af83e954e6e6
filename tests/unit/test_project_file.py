"""`emroot.toml`: what it says is what `emroot build` and `emroot env` do without arguments."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from support.running import SOURCE, Emroot

from emroot.errors import UsageError
from emroot.project.names import find_project
from emroot.project.project_file import json_schema, load_project

SCHEMA = SOURCE.parent / 'docs' / 'reference' / 'emroot.schema.json'


def _project(directory: Path, text: str) -> Path:
    directory.mkdir(parents=True, exist_ok=True)
    (directory / 'emroot.toml').write_text(text, encoding='utf-8')
    return directory / 'emroot.toml'


def test_build_without_arguments_does_what_it_says(fake: Emroot, tmp_path: Path):
    _project(tmp_path, '''
        [[cache]]
        features = ["thinlto", "wasm64"]
        targets = ["libone", "crt*"]

        [[cache]]
        targets = ["libasm"]
    ''')
    ran = fake('build', '--json', '--cache', tmp_path / 'cache', cwd=tmp_path)
    assert ran.code == 0, ran.err
    built = {mode: sorted(result['built'] + result['reused']) for mode, result in ran.json['modes'].items()}
    assert built == {'wasm64-thinlto': ['crt1', 'libone'], 'wasm32': ['libasm']}


def test_env_without_arguments_builds_it_too(fake: Emroot, tmp_path: Path):
    _project(tmp_path, '[[cache]]\ntargets = ["libasm"]\n')
    ran = fake('env', '--json', '--cache', tmp_path / 'cache', cwd=tmp_path)
    assert (ran.code, ran.json['EM_FROZEN_CACHE']) == (0, '1')
    assert (tmp_path / 'cache' / 'sysroot' / 'lib' / 'wasm32-emscripten' / 'libasm.a').is_file()


def test_a_selection_on_the_command_line_is_taken_instead(fake: Emroot, tmp_path: Path):
    _project(tmp_path, '[[cache]]\ntargets = ["libasm"]\n')
    ran = fake('build', '--json', '--targets', 'libone', '--cache', tmp_path / 'cache', cwd=tmp_path)
    assert [*ran.json['modes']] == ['wasm32'] and ran.json['modes']['wasm32']['failed'] == []
    assert not list((tmp_path / 'cache').rglob('libasm.a'))


def test_it_holds_for_every_directory_below_it(tmp_path: Path):
    file = _project(tmp_path, '')
    below = tmp_path / 'a' / 'b'
    below.mkdir(parents=True)
    assert find_project(below) == file
    nearer = _project(tmp_path / 'a', '')
    assert find_project(below) == nearer


def test_an_sdk_named_by_its_path_is_relative_to_the_file(fake: Emroot, tmp_path: Path):
    assert fake.sdk
    (tmp_path / 'tools').mkdir()
    (tmp_path / 'tools' / 'sdk').symlink_to(fake.sdk)
    _project(tmp_path, 'sdk = "tools/sdk"\n[[cache]]\ntargets = ["crt1"]\n')
    (tmp_path / 'below').mkdir()
    assert fake('trust', tmp_path).code == 0
    ran = Emroot(fake.home)('build', '--json', '--cache', tmp_path / 'cache', cwd=tmp_path / 'below')
    assert ran.code == 0, ran.err
    assert ran.json['sdk']['version'] == '9.9.9'


def test_an_sdk_of_a_version_that_is_not_there_is_named_with_those_that_are(fake: Emroot, tmp_path: Path):
    _project(tmp_path, 'sdk = "8.1"\n[[cache]]\ntargets = ["crt1"]\n')
    ran = Emroot(fake.home)('build', env={'EMSCRIPTEN_ROOT': str(fake.sdk)}, cwd=tmp_path)
    assert ran.code == 3
    assert 'asks for Emscripten 8.1; found 9.9.9' in ran.err and 'emroot sdk install --version 8.1' in ran.err


@pytest.mark.parametrize(('text', 'says', 'mends'), [
    ('skd = "6"', "unknown key 'skd'; did you mean 'sdk'?", 'the keys are sdk, builder'),
    ('[[cache]]\nfeature = ["lto"]', "cache[0]: unknown key 'feature'; did you mean 'features'?", 'features, targets, for'),
    ('[[cache]]\nlinks = ["emcc"]', "cache[0]: unknown key 'links'", 'features, targets, for'),
    ('[[cache]]\n\n[[cache]]\ntargets = "libc"', "cache[1]: targets: must be a list of strings, not 'libc'", 'Targets'),
    ('[[cache]]\ntargets = ["libc", 7]', 'targets: must be a list of strings', 'Targets'),
    ('sdk = 6', 'sdk: must be a string, not 6', 'version of the SDK'),
    ('[cache]\ntargets = ["libc"]', 'cache: must be tables', '[[cache]]'),
    ('builder = "ninja"', "builder: 'ninja' is not one of source, embuilder", 'source, embuilder'),
    ('sdk = ', 'not valid TOML', 'toml.io'),
], ids=lambda text: text.splitlines()[-1])
def test_a_mistake_is_named_with_where_it_is_and_what_would_be_right(tmp_path: Path, text: str, says: str, mends: str):
    file = _project(tmp_path, text)
    with pytest.raises(UsageError) as raised:
        load_project(file)
    assert says in raised.value.message and str(file) in raised.value.message
    assert mends in raised.value.hint


def test_a_mistake_ends_the_command_with_exit_code_2(fake: Emroot, tmp_path: Path):
    _project(tmp_path, 'cahce = []')
    ran = fake('build', cwd=tmp_path)
    assert ran.code == 2
    assert "did you mean 'cache'?" in ran.err


def test_an_unknown_target_in_it_ends_with_exit_code_4(fake: Emroot, tmp_path: Path):
    _project(tmp_path, '[[cache]]\ntargets = ["libon"]')
    ran = fake('build', cwd=tmp_path)
    assert (ran.code, 'libone' in ran.err) == (4, True)


def test_without_a_file_or_a_selection_build_says_what_to_give(fake: Emroot, tmp_path: Path):
    ran = fake('build', cwd=tmp_path)
    assert ran.code == 2
    assert '--features' in ran.err and 'emroot.toml' in ran.err


def test_the_schema_in_the_reference_is_that_of_the_code(request: pytest.FixtureRequest):
    if request.config.getoption('--rewrite-golden'):
        SCHEMA.write_text(json.dumps(json_schema(), indent=2) + '\n', encoding='utf-8')
    written = json.loads(SCHEMA.read_text(encoding='utf-8'))
    assert written == json_schema(), f'{SCHEMA.name} is not what the code says: python3 dev.py test --rewrite-golden'


def test_the_schema_knows_every_key_and_no_other(tmp_path: Path):
    schema: dict[str, Any] = json_schema()
    assert {*schema['properties']} == {'sdk', 'builder', 'ports-from', 'remote', 'remote-key', 'base', 'complete', 'cache'}
    assert {*schema['properties']['cache']['items']['properties']} == {'features', 'targets', 'for'}
    assert schema['additionalProperties'] is schema['properties']['cache']['items']['additionalProperties'] is False
