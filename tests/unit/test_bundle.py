"""Bundles: the same wherever they are made, usable by whoever has the SDK, and harmless whoever made them."""

from __future__ import annotations

import hashlib
import json
import lzma
import os
import random
import shutil
import subprocess
import tarfile
from collections import Counter
from pathlib import Path
from types import SimpleNamespace

import pytest
from support.bundles import hostile, put_together, special, squeezed, take_apart, with_manifest
from support.fake import make_fake_sdk
from support.running import Emroot
from support.snapshots import archives, counts, damage, extract, snapshot

from emroot.bundle.importer import import_bundle
from emroot.bundle.manifest import NAME
from emroot.cache_directory.directory import CacheDirectory
from emroot.errors import EmrootError
from emroot.host.home import Home
from emroot.libraries.catalogue import Catalogue
from emroot.sdk import find_sdk
from emroot.store import Store

SELECTION = ('--features', 'wasm64-lto', '--targets', 'libone,crt1,wasm32/libasm')


def _export(emroot: Emroot, out: Path, *more: object) -> dict[str, object]:
    ran = emroot('export', *SELECTION, '-o', out, '--json', *more)
    assert ran.code == 0, ran.err
    document: dict[str, object] = ran.json
    return document


@pytest.mark.parametrize('ending', ['tar.gz', 'tar.xz', 'tar'])
def test_two_exports_from_two_places_are_equal(fake: Emroot, tmp_path: Path, ending: str):
    other = fake.machine(tmp_path / 'another home')
    (tmp_path / 'elsewhere').mkdir()
    said = [_export(fake, tmp_path / f'one.{ending}'),
            _export(other, tmp_path / 'elsewhere' / f'two.{ending}', '--cache', tmp_path / 'cache')]
    assert (tmp_path / f'one.{ending}').read_bytes() == (tmp_path / 'elsewhere' / f'two.{ending}').read_bytes()
    assert said[0]['sha256'] == said[1]['sha256'] == hashlib.sha256((tmp_path / f'one.{ending}').read_bytes()).hexdigest()
    with tarfile.open(tmp_path / f'one.{ending}') as tar:
        members = tar.getmembers()
        extract(tar, tmp_path / 'out')
    assert [m.name for m in members] == sorted(m.name for m in members)
    assert {(m.mtime, m.uid, m.gid, m.uname, m.gname) for m in members} == {(0, 0, 0, '', '')}
    assert {(m.mode, m.type) for m in members} == {(0o644, tarfile.REGTYPE)}
    assert archives(tmp_path / 'out') == archives(tmp_path / 'cache')
    assert (tmp_path / 'out/sysroot_install.stamp').is_file() and (tmp_path / 'out/sysroot/include/stdio.h').is_file()


def test_the_manifest_says_what_is_in_it_and_nothing_of_the_machine(fake: Emroot, tmp_path: Path):
    _export(fake, tmp_path / 'out.tar')
    members = {info.name: content for info, content in take_apart((tmp_path / 'out.tar').read_bytes())}
    text = members.pop(NAME).decode()
    manifest = json.loads(text)
    assert manifest['modes'] == {'wasm32': ['libasm'], 'wasm64-lto': ['crt1', 'libone']}
    assert {path: said['sha256'] for path, said in manifest['files'].items()} == \
        {path: hashlib.sha256(content).hexdigest() for path, content in members.items()}
    assert {path for path, said in manifest['files'].items() if 'key' in said} == \
        {path for path in members if path.startswith('sysroot/lib/')}
    assert str(tmp_path) not in text and str(fake.sdk) not in text


def test_the_tag_for_bazel_can_be_pasted(fake: Emroot, tmp_path: Path):
    ran = fake('export', *SELECTION, '-o', tmp_path / 'libs.tar.gz', '--print-bazel', 'https://files.example/libs.tar.gz')
    digest = hashlib.sha256((tmp_path / 'libs.tar.gz').read_bytes()).hexdigest()
    assert ran.out == ('emscripten_cache = use_extension("@emsdk//:emscripten_cache.bzl", "emscripten_cache")\n'
                       'emscripten_cache.prebuilt_cache(\n    http_archive_url = "https://files.example/libs.tar.gz",\n'
                       f'    sha256 = "{digest}",\n)\n')


def test_what_is_imported_is_not_built_again(fake: Emroot, tmp_path: Path):
    digest = _export(fake, tmp_path / 'out.tar.gz')['sha256']
    other = fake.machine(tmp_path / 'another home')
    ran = other('import', tmp_path / 'out.tar.gz', '--sha256', digest, '--json')
    assert (ran.code, ran.json['files'], ran.json['elsewhere']) == (0, 3, []), ran.err
    cache = Path(ran.json['cache'])
    imported = archives(cache)
    assert len(imported) == 3 and damage(other.home, cache) == []
    for directory in (cache, tmp_path / 'other'):
        again = other('build', *SELECTION, '--json', '--cache', directory)
        assert counts(again.json) == (0, 6) and archives(directory) == imported
    assert other('verify').code == 0


def test_an_archive_of_another_sdk_is_refused_unless_it_is_forced(fake: Emroot, tmp_path: Path):
    _export(fake, tmp_path / 'out.tar')
    other = Emroot(tmp_path / 'another home', make_fake_sdk(tmp_path / 'newer', version='9.9.10'))
    ran = other('import', tmp_path / 'out.tar')
    assert ran.code == 2 and 'another SDK (9.9.9' in ran.err and '--force' in ran.err and not (other.home / 'cache').exists()
    ran = other('import', tmp_path / 'out.tar', '--force', '--json')
    assert ran.code == 0 and len(archives(Path(ran.json['cache']))) == 3
    built = other.build('libone', features='wasm64-lto')
    assert built['modes']['wasm64-lto']['built'] == ['libone']


def test_an_archive_says_which_library_names_a_place_and_is_built_from_elsewhere_without_a_compile(tmp_path: Path):
    """The fake's clang writes its own directory into what is compiled from a source that says PLACE."""
    home = Emroot(tmp_path / 'home', _with_place(tmp_path / 'one'))
    sdk = Emroot(tmp_path / 'other', _with_place(tmp_path / 'two'))
    said = home('export', '--targets', 'libcxx,crt1', '-o', tmp_path / 'out.tar', '--json')
    assert said.json['located'] == ['sysroot/lib/wasm32-emscripten/libcxx.a']
    assert 'contain the path of this SDK' in said.err
    ran = sdk('import', tmp_path / 'out.tar', '--json')
    assert ran.code == 0 and ran.json['elsewhere'] == said.json['located'], ran.err
    imported = archives(Path(ran.json['cache']))
    for cache in (Path(ran.json['cache']), tmp_path / 'cache'):
        document = sdk.build('libcxx', 'crt1', cache=cache)
        assert counts(document) == (0, 2) and document['elsewhere'] == ['wasm32/libcxx'] and archives(cache) == imported
    own = sdk.build('libcxx', 'crt1', env={'EMROOT_LOCATION': 'own'})
    assert own['modes']['wasm32'] == {'built': ['libcxx'], 'reused': ['crt1'], 'failed': []}
    same = Emroot(tmp_path / 'third', home.sdk)
    assert same('import', tmp_path / 'out.tar', '--json').json['elsewhere'] == []
    assert counts(same.build('libcxx', 'crt1')) == (0, 2)


def _with_place(directory: Path) -> Path:
    root = make_fake_sdk(directory)
    (root / 'system/lib/libcxx/new.cpp').write_text('libcxx/new.cpp PLACE\n')
    return root


# --- hostile archives ---

@pytest.fixture(scope='module')
def good(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Home, bytes]:
    """A fake SDK, a home that knows it, and a bundle of it."""
    directory = tmp_path_factory.mktemp('good')
    emroot = Emroot(directory / 'home', make_fake_sdk(directory))
    _export(emroot, directory / 'out.tar')
    assert emroot.sdk is not None
    return emroot.sdk, Home(emroot.home), (directory / 'out.tar').read_bytes()


def _import(good: tuple[Path, Home, bytes], archive: bytes, directory: Path) -> EmrootError | None:
    """What importing into an empty store and cache directory below `location` says; None if it is taken."""
    sdk, home, _ = good
    found = find_sdk(home, sdk)
    file = directory / 'archive'
    file.write_bytes(archive)
    shutil.rmtree(directory / 'in', ignore_errors=True)
    try:
        import_bundle(file, Catalogue(found, home), Home(directory / 'in/home'), Store(directory / 'in/store'),
                      CacheDirectory(directory / 'in/cache', found))
    except EmrootError as error:
        return error
    return None


def test_three_hundred_hostile_archives_are_refused_and_leave_nothing(good: tuple[Path, Home, bytes], tmp_path: Path):
    outside, refused = snapshot(tmp_path), Counter[str]()
    for seed_ in range(300):
        chance = random.Random(seed_)  # noqa: S311  # chance that can be repeated
        what, archive = hostile(good[2], chance)
        error = _import(good, squeezed(archive) if chance.random() < 0.3 else archive, tmp_path)
        assert error is not None and error.exit_code == 2 and 'sha256' in error.hint, (seed_, what)
        refused[what.split()[0]] += 1
        left = [p for p in tmp_path.rglob('*') if p.is_file() and p.name not in ('archive', 'VERSION')]
        assert left == [], (seed_, what)
    (tmp_path / 'archive').unlink()
    shutil.rmtree(tmp_path / 'in')
    assert snapshot(tmp_path) == outside
    print(f'{refused.total()} hostile archives refused, by what was done to them: {dict(refused)}')
    assert refused.total() == 300 and len(refused) > 10


def test_the_good_one_is_taken_however_it_is_compressed(good: tuple[Path, Home, bytes], tmp_path: Path):
    for archive in (good[2], squeezed(good[2]), lzma.compress(good[2])):
        assert _import(good, archive, tmp_path) is None


def test_compressed_archives_that_are_cut_or_go_on_are_refused(good: tuple[Path, Home, bytes], tmp_path: Path):
    for pack in (squeezed, lzma.compress):
        whole = pack(good[2])
        for archive in (whole[:-3], whole[:len(whole) // 2], whole + b'evil', whole + pack(b'evil')):
            assert _import(good, archive, tmp_path) is not None


def test_zeros_without_end_and_libraries_without_space_are_refused(good: tuple[Path, Home, bytes], tmp_path: Path,
                                                                    monkeypatch: pytest.MonkeyPatch):
    sdk, _, tar = good
    own = Emroot(tmp_path / 'home', sdk)
    (tmp_path / 'records.tar').write_bytes(tar + bytes(10240))
    assert own('import', tmp_path / 'records.tar').code == 0
    (tmp_path / 'zeros.tar').write_bytes(tar + bytes(3 << 20))
    ran = own('import', tmp_path / 'zeros.tar')
    assert ran.code == 2 and 'data after its end' in ran.err
    monkeypatch.setattr(shutil, 'disk_usage', lambda _: SimpleNamespace(free=10))
    error = _import(good, tar, tmp_path)
    assert error and error.exit_code == 6 and 'no space left while importing' in error.message


def test_an_archive_that_asks_for_much_memory_is_refused(good: tuple[Path, Home, bytes], tmp_path: Path):
    filters = [{'id': lzma.FILTER_LZMA2, 'preset': 0, 'dict_size': 1 << 28}]
    error = _import(good, lzma.compress(good[2], filters=filters), tmp_path)
    assert error is not None and 'emory' in error.message


@pytest.mark.skipif(os.name == 'nt', reason='pipes have no names in the file system there')
@pytest.mark.parametrize('options', [[], ['--sha256', '0' * 64]])
def test_a_pipe_is_not_taken_for_a_damaged_archive(fake: Emroot, tmp_path: Path, options: list[str]):
    process = fake.start('import', *options, '/dev/stdin', stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    _, err = process.communicate('anything', timeout=60)
    assert process.returncode == 2 and 'is a pipe' in err and 'hint: write it to a file' in err


def test_what_would_replace_a_header_is_refused(good: tuple[Path, Home, bytes], tmp_path: Path):
    def adopt(document: dict[str, dict[str, dict[str, object]]]) -> None:
        document['files']['sysroot/include/stdio.h'].update(kind='embuilder', key='ab' * 32)
    error = _import(good, put_together(with_manifest(take_apart(good[2]), adopt)), tmp_path)
    assert error is not None and 'header' in error.message


def test_a_cache_directory_keeps_what_it_has_when_an_archive_is_refused(fake: Emroot, tmp_path: Path):
    _export(fake, tmp_path / 'out.tar', '--cache', tmp_path / 'cache')
    before = snapshot(tmp_path / 'cache')
    members = take_apart((tmp_path / 'out.tar').read_bytes())
    (tmp_path / 'bad.tar').write_bytes(put_together([*members, special('sysroot/lib/link', tarfile.SYMTYPE, '/')]))
    ran = fake('import', tmp_path / 'bad.tar', '--cache', tmp_path / 'cache')
    assert ran.code == 2 and 'is refused' in ran.err
    assert snapshot(tmp_path / 'cache') == before


@pytest.mark.parametrize('arguments', [['export', *SELECTION, '-o', 'libs.zip'], ['import', 'no such file'],
                                       ['export', '-o', 'x.tar'], ['cache-key']])
def test_what_cannot_be_done_is_usage(fake: Emroot, tmp_path: Path, arguments: list[str]):
    ran = fake(*arguments, cwd=tmp_path)
    assert ran.code == 2 and 'hint:' in ran.err


def test_a_selection_that_does_not_compile_is_not_exported(fake: Emroot, tmp_path: Path):
    assert fake('export', '--targets', 'libbroken', '-o', tmp_path / 'x.tar').code == 5
    assert not (tmp_path / 'x.tar').exists()


def test_the_key_for_ci_depends_on_sdk_and_selection_alone(fake: Emroot, tmp_path: Path):
    key = fake('cache-key', *SELECTION).out
    assert key.startswith('emroot-9.9.9-') and len(key) < 40
    turned = fake('cache-key', '--targets', 'wasm32/libasm,wasm64-lto/crt1,wasm64-lto/libone')
    assert turned.out == key == Emroot(tmp_path / 'another home', fake.sdk)('cache-key', *SELECTION, '-j', '1').out
    assert fake('cache-key', '--targets', 'libone').out != key
    assert Emroot(tmp_path / 'home2', make_fake_sdk(tmp_path / 'newer', version='9.9.10'))('cache-key', *SELECTION).out != key
