"""Cache directories: complete for emcc, every file whole, and nothing believed that was touched."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.paper import paper_sdk

from emroot.cachedir import CacheDirectory
from emroot.errors import UsageError
from emroot.store import Blob, Store

PATH = 'sysroot/lib/wasm32-emscripten/libone.a'


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / 'store') as opened:
        yield opened


@pytest.fixture
def headers(tmp_path: Path) -> Path:
    place = tmp_path / 'headers'
    (place / 'sysroot' / 'include').mkdir(parents=True)
    (place / 'sysroot' / 'include' / 'stdio.h').write_text('int puts(const char*);')
    (place / 'sysroot_install.stamp').write_text('x')
    return place


@pytest.fixture
def cache(tmp_path: Path) -> CacheDirectory:
    return CacheDirectory(tmp_path / 'cache', paper_sdk())


def _blob(store: Store, content: str) -> Blob:
    file = store.scratch() / 'new'
    file.write_text(content)
    return store.adopt(file)


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
    sdk = paper_sdk(root=tmp_path / 'sdk')
    with pytest.raises(UsageError, match='never written to'):
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
