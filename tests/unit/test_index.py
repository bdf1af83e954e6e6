"""Indexes: their form on disk, and what is read of archives."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.running import Emroot
from test_signing import a_key

from emroot.engine.events import BuildListener
from emroot.hashing import digest_bytes
from emroot.host.ar import read_archive
from emroot.host.home import find_home
from emroot.modes import parse_mode
from emroot.remote.client import DownloadRequest, Remote, UploadRequest, outgoing, send
from emroot.remote.remote_spec import parse_remote
from emroot.remote.signing import sign
from emroot.remote.transports.directory import DirectoryTransport
from emroot.store import Store
from emroot.symbol_index import MemberSymbols, SymbolIndex, hints
from emroot.symbol_index.hints import HINTS, decode_hints, encode_hints, find_hint
from emroot.symbol_index.index import decode_indexes, encode_indexes
from emroot.symbol_index.storage import KIND as INDEX
from emroot.symbol_index.storage import delete_index, find_index, is_claimed, store_index

names = st.text(st.characters(exclude_characters='\0', exclude_categories=['Cs']), min_size=1, max_size=9)
symbols = st.lists(names, unique=True, max_size=6).map(lambda found: tuple(sorted(found)))
members = st.builds(MemberSymbols, names, symbols, symbols, st.booleans(), st.sampled_from(['', 'a0' * 6, '0123456789ab']))
indexes = st.lists(members, max_size=5).map(lambda found: SymbolIndex(tuple(found)))
KEY = 'ab' * 32
ONE = SymbolIndex((MemberSymbols('f.o', ('f', 'g'), ('h',), digest='0123456789ab'), MemberSymbols('h.o', ('h',), bitcode=True)))


@given(indexes)
def test_an_index_is_read_as_it_was_written(index: SymbolIndex):
    assert SymbolIndex.decode(index.encode()) == index


@given(indexes)
def test_the_same_index_has_the_same_bytes(index: SymbolIndex):
    assert index.encode() == SymbolIndex(tuple(index.members)).encode()


@given(st.binary(max_size=200), st.integers(0, 100))
def test_bytes_that_are_no_index_are_none(data: bytes, at: int):
    assert SymbolIndex.decode(data) is None
    encoded = bytearray(ONE.encode())
    assert SymbolIndex.decode(bytes(encoded[:at])) in (None, ONE)


@pytest.mark.parametrize('body', [b'', b'\xff' * 8, ONE.body()[:-1], ONE.body() + b'x', ONE.body().replace(b'f.o', b'\0\0\0')])
def test_an_index_that_was_cut_off_or_changed_in_its_parts_is_none(body: bytes):
    assert SymbolIndex.of_body(body) is None


@given(st.dictionaries(st.binary(min_size=32, max_size=32).map(bytes.hex), indexes, max_size=4))
def test_a_file_of_indexes_has_them_by_their_keys(found: dict[str, SymbolIndex]):
    read = decode_indexes(encode_indexes(found))
    assert read is not None
    assert {key: SymbolIndex.of_body(body) for key, body in read.items()} == found


@given(st.binary(max_size=100))
def test_bytes_that_are_no_file_of_indexes_are_none(data: bytes):
    assert decode_indexes(data) is None
    assert decode_indexes(b'emroot-indexes-1\n' + data) in (None, {})


def test_a_store_has_an_index_until_it_is_withdrawn(tmp_path):
    with Store(find_home(tmp_path / 'home').store) as store:
        assert find_index(store, KEY) is None
        store_index(store, KEY, ONE)
        assert find_index(store, KEY) == ONE
        delete_index(store, KEY)
        assert find_index(store, KEY) is None


def test_a_damaged_index_is_as_if_it_were_not_there(tmp_path):
    with Store(find_home(tmp_path / 'home').store) as store:
        blob = store_index(store, KEY, ONE)
        path = store.path(blob.digest)
        os.chmod(path, 0o644)
        path.write_bytes(path.read_bytes()[:-1] + b'!')
        assert find_index(store, KEY) is None


def test_members_of_an_archive_are_read_with_long_names_and_odd_sizes():
    long = 'a_name_of_more_than_fifteen_letters.o'
    table = f'{long}/\n'.encode()
    data = b'!<arch>\n' + b''.join(_entry(*e) for e in [('/', b'\0' * 4), ('//', table), ('a.o/', b'odd'), ('/0', b'even')])
    assert list(read_archive(data)) == [('a.o', b'odd'), (long, b'even')]


def _entry(name: str, content: bytes) -> bytes:
    header = f'{name:<16}{0:<12}{0:<6}{0:<6}{"644":<8}{len(content):<10}`\n'.encode()
    return header + content + b'\n' * (len(content) % 2)


@pytest.mark.parametrize('vouched', [True, False])
def test_an_index_from_a_file_is_a_claim_unless_its_sha256_was_given(fake: Emroot, tmp_path: Path, vouched: bool):
    data = encode_indexes({KEY: ONE})
    (tmp_path / 'indexes').write_bytes(data)
    options = ['--sha256', digest_bytes(data)] if vouched else []
    assert fake('index', 'import', tmp_path / 'indexes', *options).code == 0
    store = Store(fake.home / 'store')
    assert find_index(store, KEY) == ONE and is_claimed(store, KEY) is not vouched
    refused = fake('index', 'import', tmp_path / 'indexes', '--sha256', '0' * 64)
    assert refused.code == 2 and digest_bytes(data) in refused.err


def test_what_is_known_here_does_not_become_a_claim(fake: Emroot, tmp_path: Path):
    (tmp_path / 'indexes').write_bytes(encode_indexes({KEY: ONE}))
    with Store(fake.home / 'store') as store:
        store_index(store, KEY, ONE)
    assert fake('index', 'import', tmp_path / 'indexes').code == 0
    assert not is_claimed(Store(fake.home / 'store'), KEY)


@pytest.mark.parametrize('signed', [True, False])
def test_an_index_from_a_remote_is_a_claim_unless_it_is_signed(tmp_path: Path, signed: bool):
    key = a_key(tmp_path / 'key')
    with Store(tmp_path / 'theirs') as theirs, Store(tmp_path / 'ours') as ours:
        store_index(theirs, KEY, ONE)
        found, = outgoing(theirs, UploadRequest(INDEX, KEY))
        send(DirectoryTransport(tmp_path / 'remote'), found, sign(key, [found.text])[0])
        address = parse_remote(str(tmp_path / 'remote'), key=f'{key}.pub' if signed else '')
        remote = Remote(address, ours, BuildListener(), 60.0)
        remote.download([DownloadRequest(INDEX, (KEY,), 1.0)])
        remote.close()
        assert find_index(ours, KEY) == ONE and is_claimed(ours, KEY) is not signed


def test_hints_come_with_emroot():
    """Of modes, variants and members that they lack, the closest."""
    assert HINTS.stat().st_size < 300_000
    for mode, target in (('wasm64', 'libc-debug'), ('wasm32-lto-pic', 'libc-ww-debug'), ('wasm32', 'libc++-mt')):
        hint = find_hint(parse_mode(mode), target)
        assert hint and len(hint.members) > 50
    assert find_hint(parse_mode('wasm64'), 'libnone') is None


def test_the_hint_is_that_of_the_closest_variant_and_then_of_the_closest_mode(monkeypatch: pytest.MonkeyPatch):
    def index(name: str) -> SymbolIndex:
        return SymbolIndex((MemberSymbols(name, (name,), digest='1' * 12),))
    named = {('wasm64', 'libx'): index('plain'), ('wasm32', 'libx-mt'): index('threads'), ('wasm64-lto', 'libx-mt'): index('lto')}
    encoded = encode_hints({(parse_mode(mode), target): each for (mode, target), each in named.items()})
    monkeypatch.setattr(hints, '_hints', lambda: decode_hints(encoded))
    for mode, target, name in (('wasm64', 'libx-debug', 'plain'), ('wasm32', 'libx-mt', 'threads'), ('wasm64', 'libx-mt', 'lto')):
        found = find_hint(parse_mode(mode), target)
        assert found and found.names == [name] and not found.members[0].digest
