"""`emroot verify` notices whatever matters and fixes it."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from support.running import Emroot
from support.snapshots import archives, damage, files_in, snapshot

from emroot.hashing import digest_file
from emroot.store import Store
from emroot.store.blobs import TREE


def _one(top: Path) -> Path:
    return files_in(top)[0]


def _write(path: Path, content: bytes) -> None:
    """In place, so that hard links change too, and behind the back of the time."""
    before = path.stat()
    path.chmod(0o644)
    path.write_bytes(content)
    path.chmod(0o444)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def _rot(path: Path) -> None:
    _write(path, bytes([path.read_bytes()[0] ^ 1]) + path.read_bytes()[1:])


@pytest.mark.parametrize('blow', [
    lambda home, cache: _rot(_one(home / 'store' / 'blobs')),
    lambda home, cache: _one(home / 'store' / 'blobs').unlink(),
    lambda home, cache: _one(home / 'store' / 'blobs').chmod(0),
    lambda home, cache: (_one(home / 'store' / 'blobs').unlink(), _one(home / 'store' / 'blobs').parent.rename(home / 'x')),
    lambda home, cache: _write(_one(home / 'store' / 'records'), b'{}'),
    lambda home, cache: _one(home / 'store' / 'records' / TREE).unlink(),
    lambda home, cache: _rot(_one(home / 'store' / 'trees')),
    lambda home, cache: _rot(_one(cache / 'sysroot' / 'lib')),
    lambda home, cache: _one(cache / 'sysroot' / 'lib').unlink(),
    lambda home, cache: _one(cache / 'sysroot' / 'include').unlink(),
    lambda home, cache: (cache / 'sanity.txt').write_text('another'),
    lambda home, cache: (cache / 'sanity.txt').unlink(),
    lambda home, cache: (cache / 'sysroot_install.stamp').unlink(),
], ids=['rotten blob', 'blob gone', 'unreadable blob', 'many blobs gone', 'record', 'record of a tree gone', 'rotten header',
        'rotten archive', 'archive gone', 'header gone', 'sanity', 'sanity gone', 'stamp gone'])
def test_damage_is_noticed_and_mended_so_that_the_next_build_gives_the_right_bytes(
        fake: Emroot, blow: Callable[[Path, Path], object]):
    cache = Path(fake.build('libone', 'crt1')['cache'])
    right = snapshot_of(cache)
    blow(fake.home, cache)
    damaged = snapshot(fake.home)
    assert fake('verify').code == 6
    assert snapshot(fake.home) == damaged, 'without --repair nothing is changed'
    assert fake('verify', '--repair').code == 0
    assert fake('verify').code == 0
    assert fake.build('libone', 'crt1')['modes']['wasm32']['failed'] == []
    assert snapshot_of(cache) == right
    assert fake('verify').code == 0
    assert damage(fake.home, cache) == []


def snapshot_of(cache: Path) -> dict[str, bytes]:
    """What emcc sees of a cache directory."""
    return {path.relative_to(cache).as_posix(): path.read_bytes() for path in files_in(cache)
            if path.relative_to(cache).parts[0] != '.emroot'}


@pytest.mark.parametrize('where', ['one cache directory', 'all cache directories', 'the store', 'the store and one',
                                   'everywhere'])
def test_repaired_means_restored(fake: Emroot, tmp_path: Path, where: str):
    """Headers come from their SDK if nobody else has them, libraries from whoever has them."""
    caches = [tmp_path / 'one', tmp_path / 'other']
    for cache in caches:
        fake.build('libone', cache=cache)
    right, checked = [snapshot_of(cache) for cache in caches], fake('verify', '--json').json['checked']
    rotten = {'one cache directory': caches[:1], 'all cache directories': caches, 'the store': [],
              'the store and one': caches[1:], 'everywhere': caches}[where]
    for cache in rotten:
        _rot(_one(cache / 'sysroot' / 'include'))
        if where != 'everywhere':  # where a library rots everywhere, nobody has it
            _rot(_one(cache / 'sysroot' / 'lib'))
    if 'store' in where or where == 'everywhere':
        archive = Store(fake.home / 'store').path(digest_file(_one(caches[0] / 'sysroot' / 'lib')))
        _rot(archive)
        _rot(_one(fake.home / 'store' / 'trees'))
    found = fake('verify', '--repair', '--json')
    assert found.code == 0 and sorted(found.json['repaired']) == sorted(found.json['damaged']) and not found.json['removed']
    assert [snapshot_of(cache) for cache in caches] == right
    assert fake('verify', '--json').json == {'checked': checked, 'damaged': [], 'repaired': [], 'removed': []}


def test_what_nobody_has_is_out_of_the_way_of_any_link_and_not_called_repaired(fake: Emroot, tmp_path: Path):
    cache = Path(fake.build('libone')['cache'])
    header, library = _one(cache / 'sysroot' / 'include'), _one(cache / 'sysroot' / 'lib')
    for path in (header, library, Store(fake.home / 'store').path(digest_file(library)), _one(fake.home / 'store' / 'trees')):
        _rot(path)
    for _ in range(2):  # it stays damaged: nothing counts less
        found = Emroot(fake.home)('verify', '--repair', env={'PATH': str(tmp_path)})
        assert found.code == 6 and f'DAMAGED  {header}' in found.out and f'DAMAGED  {library}' in found.out
        assert not header.exists() and not library.exists()
    assert 'emroot build' in found.out
    fake.build('libone')
    assert header.exists() and library.exists() and fake('verify').code == 0


def test_what_is_in_the_store_alone_is_removed_and_not_called_repaired(fake: Emroot):
    fake.build('libone')
    blobs = Store(fake.home / 'store')
    present = {digest_file(path) for path in files_in(fake.home / 'cache')}
    object_file = next(path for path in files_in(blobs.root / 'blobs') if digest_file(path) not in present)
    _rot(object_file)
    found = fake('verify', '--repair', '--json').json
    assert not found['repaired'] and found['removed'] == found['damaged']
    assert fake('verify').code == 0


@pytest.mark.skipif(os.name == 'nt', reason='permissions are another thing there')
def test_a_library_that_cannot_be_read_is_put_there_again(fake: Emroot):
    cache = Path(fake.build('libone')['cache'])
    path = next(iter(archives(cache)))
    (cache / path).chmod(0)
    fake.build('libone')
    assert (cache / path).stat().st_mode & 0o400


def test_a_mark_of_emcc_that_is_no_text_is_written_again(fake: Emroot):
    cache = Path(fake.build('libone')['cache'])
    right = (cache / 'sanity.txt').read_bytes()
    (cache / 'sanity.txt').write_bytes(b'\xff\xfe\xff')
    fake.build('libone')
    assert (cache / 'sanity.txt').read_bytes() == right


def test_doctor_reads_what_is_there(fake: Emroot, tmp_path: Path):
    """A frozen emcc takes whatever lies there."""
    cache = Path(fake.build('libone', cache=tmp_path / 'cache')['cache'])

    def wrong() -> str:
        found = fake('doctor', '--json', '--cache', cache).json['findings']
        return ' '.join(each['what'] for each in found if not each['ok'] and each['exit_code'] == 6)
    assert not wrong()
    for path in (_one(cache / 'sysroot' / 'include'), _one(cache / 'sysroot' / 'lib')):
        _rot(path)
        assert path.relative_to(cache).as_posix() in wrong()
    assert fake('verify', '--repair').code == 0 and not wrong()
    (cache / '.emroot' / 'headers.json').unlink()
    assert 'headers' in wrong()


def test_what_was_recorded_of_one_file_restores_no_other(fake: Emroot, tmp_path: Path):
    """As when a file system mixes files up: repair would put one library's bytes under the name of another."""
    cache = tmp_path / 'cache'
    fake.build('libone', 'libcxx', cache=cache)
    one, other = (next(cache.glob(f'.emroot/sysroot/lib/**/{name}.a.json')) for name in ('libone', 'libcxx'))
    right, here = archives(cache), {path.name for path in cache.iterdir()}
    (cache / '.emroot/headers.json').write_bytes(one.read_bytes())
    other.write_bytes(one.read_bytes())
    fake('verify', '--repair')
    assert archives(cache) == right
    assert {path.name for path in cache.iterdir()} == here
    fake.build('libone', 'libcxx', cache=cache)
    assert archives(cache) == right and fake('verify').code == 0


@pytest.mark.parametrize('word', ['"digest"', '"file"', '"of"', '"stat"', '"key"'])
def test_a_record_that_is_damaged_anywhere_is_none(fake: Emroot, tmp_path: Path, word: str):
    """Else verify would not read the file that it is of, and a build would take it for the one that was placed."""
    cache = tmp_path / 'cache'
    fake.build('libone', cache=cache)
    library, right = next(cache.glob('sysroot/lib/**/libone.a')), archives(cache)
    record = next(cache.glob('.emroot/sysroot/lib/**/libone.a.json'))
    record.write_text(record.read_text().replace(word, '"_' + word[2:]))
    _rot(library)
    fake('verify', '--repair')
    fake.build('libone', cache=cache)
    assert archives(cache) == right
