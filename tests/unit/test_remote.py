"""A remote behind the store: what one machine built, another takes; and whatever a remote does, the build is as without it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from support.remotes import BAD, TARGETS, RemoteCache, build_with, nobody_there, remote_cache
from support.running import Emroot
from support.snapshots import archives, counts, damage

from emroot.errors import UsageError
from emroot.hashing import digest_bytes
from emroot.remote.action_cache import decode_index, decode_record, encode_index, encode_record, record_name
from emroot.remote.errors import InvalidResponse
from emroot.remote.remote_spec import parse_remote

TOKEN = 'Bearer very-secret'  # noqa: S105  # it opens nothing


def _fill(cache: RemoteCache, emroot: Emroot) -> dict[str, str]:
    """Have a remote filled; what was built, by path."""
    document, said = build_with(emroot, f'rw+{cache.url}')
    assert document['remote']['sent'] == len(TARGETS), said
    return archives(Path(str(document['cache'])))


def test_what_one_machine_built_another_takes_without_a_compile(fake: Emroot, other: Emroot):
    with remote_cache() as cache:
        built = _fill(cache, fake)
        assert {method for method, _ in cache.asked} == {'GET', 'PUT'}
        cache.asked.clear()
        document, said = build_with(other, cache.url)
        assert counts(document) == (0, 5) and document['objects']['why']['archive_from_remote'] == 5
        assert document['remote']['fetched'] == len(TARGETS) and 'warning' not in said
        assert {method for method, _ in cache.asked} == {'GET'}
        directory = Path(str(document['cache']))
        assert archives(directory) == built and damage(other.home, directory) == []
        assert other('verify').code == 0
        cache.asked.clear()
        build_with(other, cache.url)
        assert cache.asked == []  # nothing is missing: nobody is asked


def test_a_remote_that_only_refuses_to_be_read_fails_nothing(other: Emroot):
    with remote_cache(token=TOKEN) as cache:
        document, said = build_with(other, cache.url)
    assert counts(document) == (5, 0) and said.count('warning') == 1 and 'EMROOT_REMOTE_HEADER' in said


def test_names_and_bytes_are_those_of_bazels_protocol(fake: Emroot):
    with remote_cache() as cache:
        built = _fill(cache, fake)
    assert {path.split('/')[2] for path in cache.files} == {'ac', 'cas'}
    blobs = {path.split('/')[3]: content for path, content in cache.files.items() if '/cas/' in path}
    assert set(blobs) == {digest_bytes(content) for content in blobs.values()} == set(built.values())


@pytest.mark.parametrize('bad', ['refused', *BAD])
def test_a_bad_remote_costs_one_warning(fake: Emroot, other: Emroot, bad: str):
    """A remote that refuses to be filled is what exit code 7 is for; the libraries are there all the same."""
    with remote_cache() as cache:
        built = _fill(cache, fake)
        cache.bad = '' if bad == 'refused' else bad
        slow = bad in ('drip', 'hang')
        document, said = build_with(other, nobody_there() if bad == 'refused' else f'rw+{cache.url}',
                                    code=7 if bad == '401' else 0, EMROOT_REMOTE_WAIT='' if slow else '60')
    assert counts(document) == (5, 0) and document['remote']['fetched'] == 0
    assert said.count('emroot: warning: remote http://127.0.0.1:') == 1 == said.count('warning'), said
    assert 'too slow' not in said or slow
    directory = Path(str(document['cache']))
    assert archives(directory) == built and damage(other.home, directory) == []
    assert list((other.home / 'store/tmp').iterdir()) == []


def test_a_blob_that_a_cache_has_dropped_is_built(fake: Emroot, other: Emroot):
    with remote_cache() as cache:
        built = _fill(cache, fake)
        cache.files = {path: content for path, content in cache.files.items() if '/ac/' in path}
        document, said = build_with(other, cache.url)
    assert counts(document) == (5, 0) and 'warning' not in said
    assert archives(Path(str(document['cache']))) == built


def test_records_of_one_library_under_the_name_of_another_are_refused(fake: Emroot, other: Emroot):
    with remote_cache() as cache:
        built = _fill(cache, fake)
        names = sorted(path for path in cache.files if '/ac/' in path)
        contents = [cache.files[name] for name in names]
        cache.files.update(zip(names, contents[1:] + contents[:1], strict=True))
        document, said = build_with(other, cache.url)
    assert document['remote']['fetched'] == 0 and said.count('warning') == 1
    assert archives(Path(str(document['cache']))) == built


def test_a_token_opens_and_is_seen_nowhere(fake: Emroot, other: Emroot, tmp_path: Path):
    header = {'EMROOT_REMOTE_HEADER': f'Authorization: {TOKEN}'}
    with remote_cache(token=TOKEN) as cache:
        ran = fake('-v', 'build', '--targets', 'libone', '--remote', f'rw+{cache.url}', '--trace', tmp_path / 'trace.json',
                   env={'no_proxy': '127.0.0.1', 'EMROOT_REMOTE_WAIT': '60', **header})
        assert ran.code == 0 and 'warning' not in ran.err and cache.files
        for wrong in ({}, {'EMROOT_REMOTE_HEADER': 'Authorization: Bearer other'}):
            document, said = build_with(other, cache.url, **wrong)
            shutil.rmtree(str(document['cache']))
            shutil.rmtree(other.home / 'store/records')
            assert said.count('warning') == 1 and 'EMROOT_REMOTE_HEADER' in said
    logs = ''.join(log.read_text() for log in (fake.home / 'logs').iterdir())
    assert 'very-secret' not in ran.err + ran.out + logs + (tmp_path / 'trace.json').read_text()


def test_a_project_that_was_fetched_does_not_get_the_token(fake: Emroot, tmp_path: Path):
    with remote_cache() as cache:
        (tmp_path / 'emroot.toml').write_text(f'remote = "{cache.url}"\n[[cache]]\ntargets = ["libone"]\n')
        secret = {'no_proxy': '127.0.0.1', 'EMROOT_REMOTE_WAIT': '60', 'EMROOT_REMOTE_HEADER': f'Authorization: {TOKEN}'}
        assert fake('build', cwd=tmp_path, env=secret).code == 0
        assert not cache.heard  # nobody trusts it
        assert fake('trust', tmp_path).code == 0
        assert fake('build', '--targets', 'libmany', cwd=tmp_path, env=secret).code == 0
        assert set(cache.heard) == {None}
        ran = fake('build', '--targets', 'crt1', cwd=tmp_path, env={**secret, 'EMROOT_REMOTE': cache.url})
        assert ran.code == 0 and cache.heard[-1] == TOKEN


@pytest.mark.parametrize('forged', [
    {'members': 5}, {'members': ['a.o']}, {'members': [['other.o', '0' * 64]]}, {'members': [['crt1.o', 'no digest']]},
    {'place': {'x': 1}}, {'place': '../..'}, {'path': '../../../../tmp/x'}, {'path': '/etc/passwd'}, {'path': 7},
    {'files': {'../x': ['0' * 64, 1]}},
])
def test_a_record_of_another_shape_is_not_taken_however_well_it_is_sealed(fake: Emroot, other: Emroot, forged: dict[str, object]):
    with remote_cache() as cache:
        built = _fill(cache, fake)
        key = fake('explain', 'wasm32/crt1', '--json').json['key']
        name = f'/cache/{record_name("archive", key)}'
        cache.files[name] = encode_record({**decode_record(cache.files[name], 'archive', key), **forged}, 'archive', key)  # type: ignore[dict-item]
        document, said = build_with(other, cache.url)
        assert said.count('warning') == 1 and archives(Path(str(document['cache']))) == built
    assert other('build', '--targets', ','.join(TARGETS)).code == other('verify').code == 0


def test_a_published_directory_serves_as_it_is_and_over_the_web(fake: Emroot, other: Emroot, tmp_path: Path):
    public = tmp_path / 'public'
    ran = fake('publish', public, '--targets', ','.join(TARGETS), '--json')
    assert ran.code == 0 and ran.json == {'place': str(public), 'published': 3, 'records': 3}, ran.err
    assert fake('publish', public, '--targets', 'wasm64/crt1', '--json').json['records'] == 4
    document, _ = build_with(other, str(public))
    assert counts(document) == (0, 5)
    files = {f'/cache/{path.relative_to(public).as_posix()}': path.read_bytes() for path in public.rglob('*') if path.is_file()}
    shutil.rmtree(other.home / 'cache')
    shutil.rmtree(other.home / 'store/records/archive')
    with remote_cache(files=files) as cache:
        ran = other('build', '--json', '--targets', f'{",".join(TARGETS)},libmany', '--remote', cache.url,
                    env={'no_proxy': '127.0.0.1', 'EMROOT_REMOTE_WAIT': '60'})
        assert counts(ran.json) == (24, 5)
        assert len([path for _, path in cache.asked if '/ac/' in path]) == 3  # the index says that libmany is not there


def test_what_cannot_be_built_keeps_nothing_else_from_being_published(fake: Emroot, other: Emroot, tmp_path: Path):
    ran = fake('publish', tmp_path / 'public', '--targets', 'libbroken,libone', '--json')
    assert (ran.code, ran.json['published']) == (5, 1)
    assert counts(other('build', '--targets', 'libone', '--remote', tmp_path / 'public', '--json').json) == (0, 3)


def test_publishing_to_a_remote_that_refuses_is_exit_code_7(fake: Emroot):
    with remote_cache(token=TOKEN) as cache:
        ran = fake('publish', cache.url, '--targets', 'crt1', env={'no_proxy': '127.0.0.1'})
    assert ran.code == 7 and 'EMROOT_REMOTE_HEADER' in ran.err
    assert fake('publish', nobody_there(), '--targets', 'crt1', env={'no_proxy': '127.0.0.1'}).code == 7


@pytest.mark.parametrize('address', ['https://user:pass@cache.example/x', 'ftp://cache.example/',
                                     'https://cache.example/x?sig=pass'])
def test_addresses_that_cannot_be_or_hold_secrets_are_usage(fake: Emroot, address: str):
    ran = fake('build', '--targets', 'crt1', '--remote', address)
    assert ran.code == 2 and 'pass@' not in ran.err and 'sig=' not in ran.err and 'hint:' in ran.err


def test_addresses_say_what_may_be_done_there(tmp_path: Path):
    assert parse_remote('rw+https://cache.example/x/').writes
    assert not parse_remote('https://cache.example/x').writes
    assert parse_remote('shared', directory=tmp_path).url == str(tmp_path / 'shared')
    assert parse_remote('file:///a%20b').url == '/a b'
    assert 'secret' not in repr(parse_remote('https://cache.example', headers='Authorization: secret'))
    with pytest.raises(UsageError, match='not a header'):
        parse_remote('https://cache.example', headers='just a token')


def test_a_record_comes_back_whatever_a_server_adds_and_nothing_else_does():
    record = {'digest': 'ab' * 32, 'size': 300, 'path': 'sysroot/lib/x.a'}
    data = encode_record(record, 'archive', 'key')
    assert decode_record(data + b'\x4a\x03\x0a\x01w\x20\x00', 'archive', 'key') == record  # as servers that note who sent it
    for n in range(len(data)):
        with pytest.raises(InvalidResponse):
            decode_record(data[:n], 'archive', 'key')
    for kind, key in (('archive', 'other'), ('object', 'key')):
        with pytest.raises(InvalidResponse):
            decode_record(data, kind, key)
    names = ['cd' * 32, 'ab' * 32]
    assert decode_index(encode_index(names)) == {f'ac/{name}' for name in names}
    assert decode_index(b'<html>') is None and decode_index(json.dumps({'emroot': 9}).encode()) is None
