"""The Python API: what the command line does, light to import, typed and documented."""

from __future__ import annotations

import inspect
import subprocess
import sys
from pathlib import Path

import pytest
from support.running import SOURCE, Emroot, plain_environment

import emroot

PAGE = SOURCE.parent / 'docs' / 'reference' / 'python.md'


def _python(script: str) -> str:
    return subprocess.run([sys.executable, '-c', script], env=plain_environment(), capture_output=True, text=True,
                          check=True).stdout


def test_importing_it_imports_nothing_else():
    before = set(_python('import sys, typing, __future__; print(*sys.modules)').split())
    after = set(_python('import sys, typing, __future__, emroot; print(*sys.modules)').split())
    assert after - before == {'emroot'}


def test_every_public_name_is_there_documented_and_on_the_page():
    page = PAGE.read_text(encoding='utf-8')
    for name in emroot.__all__:
        found = getattr(emroot, name)
        assert name in dir(emroot)
        assert f'`{name}' in page or f'emroot.{name}' in page, name
        assert name == '__version__' or inspect.getdoc(found), name


def test_what_type_checkers_see_is_what_is_loaded():
    text = (SOURCE / 'emroot' / '__init__.py').read_text(encoding='utf-8')
    seen = set(text.partition('if TYPE_CHECKING:')[2].partition('__all__')[0].replace(',', ' ').split())
    assert {name for names in emroot._HOMES.values() for name in names} == set(emroot.__all__) - {'__version__'}
    assert set(emroot.__all__) - {'__version__'} <= seen
    assert (SOURCE / 'emroot' / 'py.typed').is_file()


def test_a_name_that_does_not_exist_is_an_attribute_error():
    with pytest.raises(AttributeError, match="module 'emroot' has no attribute 'bild'"):
        emroot.bild  # noqa: B018


def test_modules_do_not_take_the_place_of_names(fake: Emroot):
    """Importing `emroot.X` sets the attribute X: no module may be called as a name of the API is."""
    modules = {path.stem for path in (SOURCE / 'emroot').iterdir()}
    assert not modules & set(emroot.__all__)


def test_build_does_what_the_command_does(fake: Emroot, tmp_path: Path):
    said = fake.build('libone', 'crt1', features='wasm64,lto', cache=tmp_path / 'one')
    result = emroot.build(features='wasm64,lto', targets='libone,crt1', sdk=fake.sdk, home=fake.home, cache=tmp_path / 'two')
    document = result.to_json()
    assert {name: sorted(made) for name, made in document['modes']['wasm64-lto'].items()} == \
        {'built': [], 'reused': sorted(said['modes']['wasm64-lto']['built']), 'failed': []}
    files = [sorted((path.relative_to(cache), path.read_bytes()) for path in (tmp_path / cache).rglob('lib/**/*.[ao]'))
             for cache in (tmp_path / 'one', tmp_path / 'two')]
    assert files[0] and [content for _, content in files[0]] == [content for _, content in files[1]]


def test_targets_that_name_their_mode_and_several_modes_select_together(fake: Emroot):
    result = emroot.build(features=['wasm32', 'wasm64'], targets=['crt1', 'wasm32-pic/libone'], sdk=fake.sdk, home=fake.home)
    assert {mode.name: made.built for mode, made in result.modes.items()} == \
        {'wasm32': ['crt1'], 'wasm64': ['crt1'], 'wasm32-pic': ['libone']}


def test_what_fails_is_in_the_result_and_raised_when_asked(fake: Emroot):
    result = emroot.build(targets=['libbroken', 'libone'], sdk=fake.sdk, home=fake.home)
    assert [(mode.name, failure.target) for mode, failure in result.failures] == [('wasm32', 'libbroken')]
    with pytest.raises(emroot.BuildError, match=r'cannot build wasm32/libbroken: .*this is broken') as raised:
        result.raise_for_failures()
    assert raised.value.hint.startswith('to reproduce: ') and raised.value.exit_code == 5
    emroot.build(targets='libone', sdk=fake.sdk, home=fake.home).raise_for_failures()


def test_environment_is_what_env_prints(fake: Emroot):
    fake.build('crt1')
    printed = fake('env', '--targets', 'crt1', '--json').json
    variables = emroot.environment(sdk=fake.sdk, home=fake.home)
    assert {name: value for name, value in variables.items() if name != 'PATH'} == \
        {name: value for name, value in printed.items() if name != 'PATH'}
    assert variables['PATH'].startswith(str(fake.sdk))


def test_an_sdk_may_be_given_as_it_was_found_or_as_a_path(fake: Emroot):
    found = emroot.find_sdk(fake.sdk, home=fake.home)
    assert emroot.listing('wasm32', sdk=found, home=fake.home) == emroot.listing(sdk=str(fake.sdk), home=str(fake.home))


@pytest.mark.parametrize(('options', 'error', 'words'), [
    ({}, emroot.UsageError, 'nothing is selected'),
    ({'targets': 'libon'}, emroot.UnknownNameError, 'did you mean libone'),
    ({'targets': 'libone', 'features': 'lto,thinlto'}, emroot.UsageError, 'exclude each other'),
    ({'targets': 'libone', 'builder': 'ninja'}, emroot.UsageError, 'unknown builder'),
    ({'targets': 'libone', 'remote': 'ftp://x'}, emroot.UsageError, 'unsupported remote scheme'),
    ({'links': 'em++ "a'}, emroot.UsageError, 'cannot read the link')])
def test_what_is_wrong_is_raised_with_what_mends_it(fake: Emroot, options: dict[str, str], error: type[emroot.EmrootError],
                                                    words: str):
    with pytest.raises(error, match=words) as raised:
        emroot.build(sdk=fake.sdk, home=fake.home, **options)  # type: ignore[arg-type]
    assert raised.value.hint


def test_a_listener_gets_events_and_nothing_is_printed(fake: Emroot, capfd: pytest.CaptureFixture[str]):
    told = []

    class Listener(emroot.BuildListener):
        def on(self, event: emroot.Event) -> None:
            told.append(event)

    for _ in range(2):
        emroot.build(targets='crt1', sdk=fake.sdk, home=fake.home, watcher=Listener())
    assert [event for event in told if isinstance(event, emroot.ArchiveDone)] == \
        [emroot.ArchiveDone('wasm32/crt1', 'built'), emroot.ArchiveDone('wasm32/crt1', 'reused')]
    assert capfd.readouterr() == ('', '')


def test_a_project_selects_what_its_tables_say(fake: Emroot, tmp_path: Path):
    (tmp_path / 'emroot.toml').write_text('[[cache]]\nfeatures = ["wasm64"]\ntargets = ["crt1"]\n')
    result = emroot.build(project=tmp_path / 'emroot.toml', targets='libone', sdk=fake.sdk, home=fake.home)
    assert {mode.name: made.built for mode, made in result.modes.items()} == {'wasm32': ['libone'], 'wasm64': ['crt1']}


def test_an_archive_is_that_of_the_command_and_brings_a_home_what_it_lacks(fake: Emroot, other: Emroot, tmp_path: Path):
    said = fake('export', '--json', '--targets', 'libone,crt1', '-o', tmp_path / 'one.tar.gz').json
    made = emroot.export(tmp_path / 'two.tar.gz', targets='libone,crt1', sdk=fake.sdk, home=fake.home)
    assert (made.sha256, made.size) == (said['sha256'], said['size'])
    taken = emroot.import_archive(made.path, sha256=made.sha256, sdk=other.sdk, home=other.home)
    assert taken.manifest == made.manifest
    assert emroot.build(targets='libone,crt1', sdk=other.sdk, home=other.home).compiled == 0
    with pytest.raises(emroot.UsageError):
        emroot.import_archive(made.path, sha256='0' * 64, sdk=other.sdk, home=other.home)
    with pytest.raises(emroot.BuildError):
        emroot.export(tmp_path / 'three.tar.gz', targets='libbroken', sdk=fake.sdk, home=fake.home)
    assert not (tmp_path / 'three.tar.gz').exists()


def test_reasons_are_those_that_the_command_gives(fake: Emroot):
    fake.build('libone')
    said = fake('explain', '--json', 'wasm32/libone').json
    explained = emroot.explain('wasm32/libone', sdk=fake.sdk, home=fake.home)
    assert (explained.key, explained.state) == (said['key'], said['state'])
    member = explained.record['members'][0][0]
    assert emroot.explain('wasm32/libone', member=member, sdk=fake.sdk, home=fake.home).inputs
    with pytest.raises(emroot.UnknownNameError):
        emroot.explain('wasm32/libone', member='nothing.o', sdk=fake.sdk, home=fake.home)


def test_a_store_is_checked_repaired_and_bounded(fake: Emroot):
    fake.build('libone')
    assert emroot.verify(home=fake.home).damaged == []
    blob = next(path for path in (fake.home / 'store/blobs').rglob('*') if path.is_file())
    blob.chmod(0o644)
    blob.write_bytes(b'damaged')
    assert len(emroot.verify(home=fake.home).damaged) >= 1
    repaired = emroot.verify(repair=True, home=fake.home)
    assert not repaired.left and sorted([*repaired.repaired, *repaired.removed]) == sorted(repaired.damaged) != []
    assert emroot.verify(home=fake.home).damaged == []
    assert emroot.gc(max_size=1 << 40, dry_run=True, home=fake.home).bytes == 0
    with pytest.raises(emroot.UsageError, match='no limit'):
        emroot.gc(home=fake.home)


def test_an_sdk_that_cannot_be_had_is_an_error(tmp_path: Path):
    with pytest.raises(emroot.UsageError, match='unknown source'):
        emroot.install_sdk(source='nowhere', home=tmp_path)
