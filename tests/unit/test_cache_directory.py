"""Cache directories: complete for emcc, every file whole, and nothing believed that was touched."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.synthetic_sdk import synthetic_sdk

from emroot.cache_directory import directory
from emroot.cache_directory.directory import CacheDirectory
from emroot.errors import StoreError, UsageError
from emroot.store import Blob, Store

PATH = 'sysroot/lib/wasm32-emscripten/libone.a'


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / 'store') as opened:
        yield opened


@pytest.fixture
def headers(tmp_path: Path) -> Path:
    directory = tmp_path / 'headers'
    (directory / 'sysroot' / 'include').mkdir(parents=True)
    (directory / 'sysroot' / 'include' / 'stdio.h').write_text('int puts(const char*);')
    (directory / 'sysroot_install.stamp').write_text('x')
    return directory


@pytest.fixture
def cache(tmp_path: Path) -> CacheDirectory:
    return CacheDirectory(tmp_path / 'cache', synthetic_sdk())


def _blob(store: Store, content: str) -> Blob:
    file = store.scratch() / 'new'
    file.write_text(content)
    return store.add_file(file)


def test_it_has_what_emcc_looks_for(cache: CacheDirectory, headers: Path):
    cache.prepare(headers)
    assert (cache.root / 'sysroot' / 'include' / 'stdio.h').read_text() == 'int puts(const char*);'
    assert (cache.root / 'sysroot_install.stamp').exists()
    assert (cache.root / 'sanity.txt').read_text() == cache.sdk.sanity


def test_preparing_it_again_changes_nothing(cache: CacheDirectory, headers: Path):
    cache.prepare(headers)
    before = {p: p.stat().st_mtime_ns for p in cache.root.rglob('*')}
    cache.prepare(headers)
    assert {p: p.stat().st_mtime_ns for p in cache.root.rglob('*')} == before


def test_headers_of_an_earlier_sdk_are_replaced(cache: CacheDirectory, headers: Path, tmp_path: Path):
    cache.prepare(headers)
    other = tmp_path / 'other'
    (other / 'sysroot' / 'include').mkdir(parents=True)
    (other / 'sysroot' / 'include' / 'stdio.h').write_text('newer')
    (other / 'sysroot_install.stamp').write_text('x')
    cache.prepare(other)
    assert (cache.root / 'sysroot' / 'include' / 'stdio.h').read_text() == 'newer'


def test_a_stamp_that_was_removed_comes_back(cache: CacheDirectory, headers: Path):
    cache.prepare(headers)
    (cache.root / 'sysroot_install.stamp').unlink()
    (cache.root / 'sanity.txt').unlink()
    cache.prepare(headers)
    assert (cache.root / 'sysroot_install.stamp').exists()
    assert (cache.root / 'sanity.txt').exists()


@pytest.mark.parametrize('below', ['', 'cache', 'deep/er'])
def test_it_must_not_lie_inside_the_sdk(below: str, headers: Path, tmp_path: Path):
    sdk = synthetic_sdk(root=tmp_path / 'sdk')
    with pytest.raises(UsageError, match='never writes to an SDK'):
        CacheDirectory(tmp_path / 'sdk' / below, sdk).prepare(headers)
    assert not (tmp_path / 'sdk').exists()


def test_it_holds_what_was_put_there_under_that_key_only(cache: CacheDirectory, store: Store):
    assert not cache.holds(PATH, 'key')
    cache.put(PATH, 'key', _blob(store, 'content'), store)
    assert cache.holds(PATH, 'key')
    assert not cache.holds(PATH, 'another key')
    assert (cache.root / PATH).read_text() == 'content'


@pytest.mark.parametrize('damage', ['removed', 'cut', 'replaced', 'touched'])
def test_a_file_that_was_touched_since_is_not_held(cache: CacheDirectory, store: Store, damage: str):
    cache.put(PATH, 'key', _blob(store, 'content'), store)
    file = cache.root / PATH
    if damage == 'touched':
        os.utime(file, ns=(1, 1))
    else:
        file.unlink()
    if damage == 'cut':
        file.write_text('con')
    if damage == 'replaced':
        file.write_text('CONTENT')
    assert not cache.holds(PATH, 'key')


def test_putting_replaces_what_is_there(cache: CacheDirectory, store: Store):
    cache.put(PATH, 'one', _blob(store, 'one'), store)
    cache.put(PATH, 'other', _blob(store, 'other'), store)
    assert (cache.root / PATH).read_text() == 'other'
    assert not cache.holds(PATH, 'one')
    assert sorted(p.name for p in (cache.root / PATH).parent.iterdir()) == ['libone.a']


@pytest.fixture
def other(tmp_path: Path) -> CacheDirectory:
    return CacheDirectory(tmp_path / 'other', synthetic_sdk())


@pytest.mark.parametrize('path', ['sysroot/include/stdio.h', 'sysroot_install.stamp', PATH])
def test_what_is_written_into_one_changes_neither_another_nor_the_store(
        cache: CacheDirectory, other: CacheDirectory, headers: Path, store: Store, path: str):
    blob = _blob(store, 'content')
    for each in (cache, other):
        each.prepare(headers)
        each.put(PATH, 'key', blob, store)
    right = (cache.root / path).read_text()
    with open(cache.root / path, 'a') as f:  # nobody needs root for that: emcc itself writes its headers again
        f.write('more')
    assert (other.root / path).read_text() == right
    assert other.holds(PATH, 'key') and other.has_headers(headers) and store.has(blob)
    assert (headers / path).read_text() == right if path != PATH else True
    cache.prepare(headers)
    cache.put(PATH, 'key', blob, store)
    assert (cache.root / path).read_text() == right
    assert cache.restored == {path} and not other.restored


def test_what_a_base_has_is_copied(cache: CacheDirectory, tmp_path: Path):
    file = tmp_path / 'base.a'
    file.write_text('content')
    cache.refer(PATH, 'key', file, 'digest')
    (cache.root / PATH).write_text('other')
    assert file.read_text() == 'content'


@pytest.mark.skipif(os.name == 'nt', reason='no links there')
def test_a_file_that_is_somebody_elses_too_becomes_its_own_without_a_word(
        cache: CacheDirectory, headers: Path, store: Store, tmp_path: Path):
    blob = _blob(store, 'content')
    cache.prepare(headers)
    cache.put(PATH, 'key', blob, store)
    for number, path in enumerate(('sysroot/include/stdio.h', PATH)):
        os.link(cache.root / path, tmp_path / f'link{number}')
    assert not cache.has_headers(headers) and not cache.holds(PATH, 'key')
    cache.prepare(headers)
    cache.put(PATH, 'key', blob, store)
    assert {(cache.root / path).stat().st_nlink for path in ('sysroot/include/stdio.h', PATH)} == {1}
    assert cache.has_headers(headers) and cache.holds(PATH, 'key') and not cache.restored


def test_what_emcc_installs_again_as_it_was_is_not_called_a_change(cache: CacheDirectory, headers: Path):
    cache.prepare(headers)
    (cache.root / 'sysroot/include/stdio.h').write_text((headers / 'sysroot/include/stdio.h').read_text())
    assert not cache.has_headers()
    cache.prepare(headers)
    assert cache.has_headers() and not cache.restored


def test_a_folder_in_place_of_a_file_gives_way(cache: CacheDirectory, headers: Path, store: Store):
    for path in ('sysroot/include/stdio.h', PATH):
        (cache.root / path / 'below').mkdir(parents=True)
    cache.prepare(headers)
    cache.put(PATH, 'key', _blob(store, 'content'), store)
    assert cache.has_headers() and cache.holds(PATH, 'key')


def test_a_library_is_on_the_disk_before_it_is_noted(cache: CacheDirectory, store: Store, monkeypatch: pytest.MonkeyPatch):
    """A power cut may leave a file without its note, but no note without its file."""
    flushed: set[int] = set()
    noted: list[bool] = []

    def fsync(descriptor: int) -> None:
        real_fsync(descriptor)
        flushed.add(os.fstat(descriptor).st_ino)

    def note(path: Path, answer: dict[str, object], **options: object) -> None:
        noted.append(os.stat(cache.root / PATH).st_ino in flushed)
        real_note(path, answer, **options)
    real_fsync, real_note = os.fsync, directory.write_json
    monkeypatch.setattr(os, 'fsync', fsync)
    monkeypatch.setattr(directory, 'write_json', note)
    cache.put(PATH, 'key', _blob(store, 'content'), store)
    (cache.root / '.emroot' / f'{PATH}.json').unlink()
    flushed.clear()
    cache.put(PATH, 'key', _blob(store, 'content'), store)  # whoever wrote it may have been killed before it was flushed
    assert noted == [True, True] and cache.holds(PATH, 'key')


@pytest.mark.parametrize('number', [errno.EINVAL, errno.ENOTSUP])
def test_where_nothing_can_be_flushed_a_library_is_noted_all_the_same(cache: CacheDirectory, store: Store, number: int,
                                                                      monkeypatch: pytest.MonkeyPatch):
    def fsync(_: int) -> None:
        raise OSError(number, os.strerror(number))
    monkeypatch.setattr(os, 'fsync', fsync)
    cache.put(PATH, 'key', _blob(store, 'content'), store)
    assert cache.holds(PATH, 'key')


@pytest.mark.parametrize('number', [errno.ENOSPC, errno.EIO])
def test_a_library_that_does_not_get_to_the_disk_is_not_noted(cache: CacheDirectory, store: Store, number: int,
                                                              monkeypatch: pytest.MonkeyPatch):
    """Some file systems find only then that they are full."""
    def fsync(_: int) -> None:
        raise OSError(number, os.strerror(number))
    blob = _blob(store, 'content')
    monkeypatch.setattr(os, 'fsync', fsync)
    with pytest.raises(StoreError) as raised:
        cache.put(PATH, 'key', blob, store)
    assert raised.value.hint and not cache.holds(PATH, 'key')
