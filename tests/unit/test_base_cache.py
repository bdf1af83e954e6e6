"""A base: a cache directory that an administrator filled, from which others take what is right, without writing to it."""

from __future__ import annotations

import os
import shutil
import subprocess
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.fake import make_fake_sdk
from support.running import Emroot
from support.snapshots import archives, counts, extract, snapshot

from emroot.host.files import remove_tree

COMMON = ('--targets', 'libone,libcxx', '--json')
MORE = ('--targets', 'libone,libcxx,libmany,wasm64/crt1', '--json')
#: Without this, root may write whatever its permissions say. Somebody who is not root has no need of it.
WITHOUT_POWERS = ['setpriv', '--bounding-set=-all', '--inh-caps=-all'] if os.geteuid() == 0 else []


@pytest.fixture
def base(fake: Emroot, tmp_path: Path) -> Iterator[Path]:
    """A cache directory that somebody else filled and owns."""
    directory = tmp_path / 'base'
    administrator = fake.machine(tmp_path / 'administrator')
    assert administrator('build', *COMMON, '--cache', directory).code == 0
    remove_tree(administrator.home)
    for path in [directory, *directory.rglob('*')]:
        path.chmod(0o555 if path.is_dir() else 0o444)
        if os.geteuid() == 0:
            os.chown(path, 12345, 12345)
    yield directory
    remove_tree(directory)


def _build(emroot: Emroot, *arguments: object, **env: str) -> dict[str, object]:
    ran = _Powerless(emroot.home, emroot.sdk)('build', *arguments, env=env)
    assert ran.code == 0 and 'warning' not in ran.err, ran.err
    document: dict[str, object] = ran.json
    return document


class _Powerless(Emroot):
    """The command line of a user who may not write to what is another's."""

    def command(self, *arguments: object) -> list[str]:
        return [*WITHOUT_POWERS, *super().command(*arguments)]


def test_what_is_there_is_taken_and_what_is_missing_built(fake: Emroot, base: Path, tmp_path: Path):
    assert subprocess.run([*WITHOUT_POWERS, 'touch', base / 'mine'], stderr=subprocess.DEVNULL, check=False).returncode != 0
    before = snapshot(base)
    document = _build(fake, *MORE, '--base', base)
    assert counts(document) == (25, 4) and document['objects']['why']['archive_in_base'] == 4  # type: ignore[index]
    assert snapshot(base) == before
    cache = Path(str(document['cache']))
    assert not [path for path in (cache / 'sysroot').rglob('*') if path.is_symlink()]  # whoever writes to it writes to no base
    assert counts(_build(fake, *MORE, '--base', base)) == counts(_build(fake, *MORE)) == (0, 29)  # nothing is looked for again
    alone = fake.machine(tmp_path / 'alone')
    assert archives(cache) == archives(Path(_build(alone, *MORE)['cache']))  # type: ignore[arg-type]
    assert fake('verify').code == 0 and fake('doctor').code == alone('doctor').code


def test_the_environment_and_a_project_name_it_too(fake: Emroot, base: Path, tmp_path: Path):
    assert counts(_build(fake, *COMMON, EMROOT_BASE=str(base))) == (0, 4)
    other = fake.machine(tmp_path / 'other')
    (tmp_path / 'emroot.toml').write_text('base = "base"\n[[cache]]\ntargets = ["libone", "libcxx"]\n')
    assert other('trust', tmp_path).code == 0
    assert counts(other('build', '--json', cwd=tmp_path).json) == (0, 4)
    assert fake('build', *COMMON, '--base', tmp_path / 'nowhere').code == 2


def test_what_is_wrong_in_it_is_built(fake: Emroot, base: Path, tmp_path: Path):
    damaged = base / 'sysroot/lib/wasm32-emscripten/libone.a'
    damaged.parent.chmod(0o755)
    damaged.unlink()
    damaged.write_text('something else')
    assert counts(_build(fake, *COMMON, '--base', base)) == (3, 1)
    newer = Emroot(tmp_path / 'newer home', make_fake_sdk(tmp_path / 'newer', version='9.9.10'))
    assert counts(_build(newer, *COMMON, '--base', base)) == (4, 0)  # of another SDK


def test_a_base_that_changes_later_changes_nothing(fake: Emroot, base: Path):
    cache = Path(str(_build(fake, *COMMON, '--base', base)['cache']))
    expected = archives(cache)
    (base / 'sysroot/lib/wasm32-emscripten').chmod(0o755)
    (base / 'sysroot/lib/wasm32-emscripten/libone.a').unlink()
    assert counts(_build(fake, *COMMON, '--base', base)) == (0, 4) and archives(cache) == expected
    assert fake('verify').code == 0


def test_an_unpacked_export_is_a_base_too_and_a_base_is_exported(fake: Emroot, base: Path, tmp_path: Path):
    assert fake('export', *COMMON, '-o', tmp_path / 'one.tar', '--base', base).code == 0
    with tarfile.open(tmp_path / 'one.tar') as tar:
        extract(tar, tmp_path / 'unpacked')
    other = fake.machine(tmp_path / 'other')
    assert counts(_build(other, *MORE, '--base', tmp_path / 'unpacked')) == (25, 4)
    third = fake.machine(tmp_path / 'third')
    assert third('export', *COMMON, '-o', tmp_path / 'two.tar').code == 0
    assert (tmp_path / 'one.tar').read_bytes() == (tmp_path / 'two.tar').read_bytes()


@pytest.fixture
def prebuilt(fake: Emroot, base: Path, tmp_path: Path) -> Emroot:
    """An SDK that comes with libraries in its own cache."""
    sdk = make_fake_sdk(tmp_path / 'with cache')
    shutil.copytree(base / 'sysroot/lib', sdk / 'cache/sysroot/lib')
    for path in [sdk / 'cache', *(sdk / 'cache').rglob('*')]:
        path.chmod(0o755 if path.is_dir() else 0o644)
        os.utime(path)  # it was built of these sources
    return Emroot(fake.machine(tmp_path / 'other').home, sdk, prebuilt=True)


def _own(prebuilt: Emroot) -> Path:
    assert prebuilt.sdk
    return prebuilt.sdk / 'cache/sysroot/lib/wasm32-emscripten'


def test_what_the_sdk_has_prebuilt_is_copied_and_not_built(prebuilt: Emroot):
    before = snapshot(_own(prebuilt))
    document = prebuilt('build', *MORE).json
    assert counts(document) == (25, 4) and document['objects']['why']['archive_in_base'] == 4
    cache = Path(document['cache'])
    assert not [path for path in cache.rglob('*') if path.is_symlink()]
    assert snapshot(_own(prebuilt)) == before
    assert counts(prebuilt('build', *MORE).json) == (0, 29)
    for path in _own(prebuilt).iterdir():
        path.unlink()  # as emcc does that takes its cache for another's
    assert prebuilt('verify').code == 0 and counts(prebuilt('build', *MORE).json) == (0, 29)


@pytest.mark.parametrize(('options', 'env'), [(['--base', ''], {}), ([], {'EMROOT_BASE': ''}), ([], {'EMROOT_LOCATION': 'own'})])
def test_it_is_built_all_the_same_if_wanted(options: list[str], env: dict[str, str], prebuilt: Emroot):
    assert counts(prebuilt('build', *COMMON, *options, env=env).json) == (4, 0)


def test_a_named_base_comes_first_and_the_sdks_own_next(prebuilt: Emroot, base: Path, tmp_path: Path):
    (_own(prebuilt) / 'libone.a').unlink()
    first = prebuilt('build', *COMMON, '--base', base, '--cache', tmp_path / 'first')
    assert counts(first.json) == (0, 4)
    (tmp_path / 'empty').mkdir()
    assert counts(prebuilt('build', *COMMON, '--base', tmp_path / 'empty', '--cache', tmp_path / 'second').json) == (3, 1)


@pytest.mark.parametrize('how', ['cut', 'other members', 'names the SDK', 'of another SDK', 'empty', 'of an edited source'])
def test_what_is_no_library_of_this_sdk_there_is_built(how: str, prebuilt: Emroot):
    library, sdk = _own(prebuilt) / 'libone.a', prebuilt.sdk
    assert sdk
    whole = library.read_bytes()
    if how == 'of another SDK':
        (sdk / 'cache/sanity.txt').write_text('1.2.3|/elsewhere')
    elif how == 'of an edited source':
        edited = sdk / 'system/lib/libone/a.c'
        edited.write_text('edited\n')
        os.utime(edited, times=(library.stat().st_mtime + 1,) * 2)
    else:
        library.write_bytes({'cut': whole[:-10], 'other members': whole.replace(b'zebra.o', b'horse.o'), 'empty': b'',
                             'names the SDK': whole.replace(b'clang', os.fsencode(sdk))}[how])
        assert library.read_bytes() != whole
    compiled = 4 if how.startswith('of ') else 3
    assert counts(prebuilt('build', *COMMON).json) == (compiled, 4 - compiled)


def test_a_cache_that_the_configuration_names_is_the_sdks_own_if_it_says_so(fake: Emroot, base: Path, tmp_path: Path):
    sdk = make_fake_sdk(tmp_path / 'configured')
    shutil.copytree(base / 'sysroot', tmp_path / 'its cache/sysroot')
    for path in (tmp_path / 'its cache').rglob('*'):
        os.utime(path)
    with open(sdk / '.emscripten', 'a', encoding='utf-8') as f:
        f.write(f'CACHE = {str(tmp_path / "its cache")!r}\n')
    emroot = Emroot(fake.machine(tmp_path / 'other').home, sdk, prebuilt=True)
    assert counts(emroot('build', *COMMON, '--cache', tmp_path / 'first').json) == (4, 0)
    os.chmod(tmp_path / 'its cache', 0o755)
    (tmp_path / 'its cache' / 'sanity.txt').write_text((tmp_path / 'first' / 'sanity.txt').read_text())
    fresh = Emroot(fake.machine(tmp_path / 'fresh').home, sdk, prebuilt=True)
    assert counts(fresh('build', *COMMON).json) == (0, 4)
    assert counts(fresh('build', *COMMON, '--cache', tmp_path / 'its cache', '--home', tmp_path / 'last').json) == (4, 0)


def test_list_and_doctor_say_what_the_sdk_has_prebuilt(prebuilt: Emroot):
    listed = prebuilt('list', '--json').json
    assert 'libone' in listed['prebuilt'] and 'libmany' not in listed['prebuilt']
    assert not any(row['present'] for row in listed['targets'])
    assert 'in the SDK' in prebuilt('list').out
    assert 'in the SDK' not in prebuilt('list', env={'EMROOT_BASE': ''}).out
    said = prebuilt('doctor').out
    assert str(_own(prebuilt).parents[2]) in said and '--base' in said
