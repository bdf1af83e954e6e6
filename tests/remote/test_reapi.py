"""A remote that speaks the Remote Execution API: a real server, and one that is bad in front of it."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.proxies import BAD, Proxy, proxy
from support.remotes import PLAIN, TARGETS, build_with, nobody_there, remote_cache
from support.running import SOURCE, Emroot, plain_environment
from support.servers import casd
from support.snapshots import archives, counts, damage

from emroot.hashing import digest_file
from emroot.remote.action_cache import INDEX, LARGEST_RECORD, decode_record, encode_record, record_name
from emroot.remote.errors import TransportError
from emroot.remote.transports.grpc import GrpcTransport
from emroot.store import Blob

SELECTION = ('--targets', ','.join(TARGETS), '--json')


@pytest.fixture(scope='module')
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The port of a real server."""
    with casd(tmp_path_factory.mktemp('casd')) as port:
        yield port


@pytest.fixture
def between(server: int, monkeypatch: pytest.MonkeyPatch) -> Iterator[Proxy]:
    monkeypatch.setenv('no_proxy', '127.0.0.1')
    with proxy(server) as between:
        yield between


@pytest.fixture
def empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Proxy]:
    """Before a server that has nothing."""
    monkeypatch.setenv('no_proxy', '127.0.0.1')
    with casd(tmp_path / 'casd') as port, proxy(port) as between:
        yield between


def _url(port: int) -> str:
    return f'grpc://127.0.0.1:{port}'


def test_what_one_machine_built_another_takes_without_a_compile(fake: Emroot, other: Emroot, empty: Proxy):
    between = empty
    built, said = build_with(fake, f'rw+{_url(between.port)}')
    assert built['remote']['sent'] == len(TARGETS) and 'warning' not in said, said
    assert {'FindMissingBlobs', 'BatchUpdateBlobs', 'UpdateActionResult'} <= set(between.asked)
    between.asked.clear()
    taken, said = build_with(other, _url(between.port))
    assert counts(taken) == (0, 5) and taken['remote']['fetched'] == 3 and 'warning' not in said
    assert set(between.asked) <= {'GetCapabilities', 'GetActionResult', 'BatchReadBlobs'}
    assert archives(Path(str(taken['cache']))) == archives(Path(str(built['cache'])))
    between.asked.clear()
    assert fake('publish', _url(between.port), *SELECTION, env=PLAIN).json['published'] == 3
    assert 'BatchUpdateBlobs' not in between.asked  # what is there is not sent again


def test_instances_keep_to_themselves(fake: Emroot, other: Emroot, between: Proxy):
    """This server has one, without a name: another is an error that costs a warning."""
    document, said = build_with(other, f'{_url(between.port)}/no/such/instance')
    assert counts(document) == (5, 0) and said.count('warning') == 1 and '/no/such/instance: it' in said, said


def test_blobs_of_any_size_come_back_and_are_sent_once(server: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv('no_proxy', '127.0.0.1')
    reapi = GrpcTransport(_url(server), {})
    files = {}
    for number, size in enumerate((0, 1, 100_000, 2_000_000, 2_500_000, 9_000_001)):
        file = tmp_path / str(number)
        file.write_bytes(os.urandom(size))
        files[Blob(digest_file(file), size)] = file
    assert not reapi.get(INDEX, io.BytesIO(), 1)
    reapi.put_blobs(files)
    got = {blob: tmp_path / f'{file.name} again' for blob, file in files.items()}
    assert reapi.get_blobs(got)
    assert all(got[blob].read_bytes() == file.read_bytes() for blob, file in files.items())
    for missing in (Blob('ab' * 32, 5), Blob('ab' * 32, 50_000_000)):
        assert not reapi.get_blobs({missing: tmp_path / 'missing'})
    blob = next(iter(files))
    record = {'digest': blob.digest, 'size': blob.size, 'path': 'x.a', 'members': [['x.o', 'ab' * 32]] * 2000}
    name, sink = record_name('archive', os.urandom(4).hex()), io.BytesIO()
    assert not reapi.get(name, sink, LARGEST_RECORD)
    reapi.put(name, encode_record(record, 'archive', 'key'))
    assert reapi.get(name, sink, LARGEST_RECORD) and decode_record(sink.getvalue(), 'archive', 'key') == record


@pytest.mark.parametrize('bad', ['refused', 'no grpc', *BAD])
def test_a_bad_server_costs_one_warning(fake: Emroot, other: Emroot, between: Proxy, bad: str):
    """One that refuses to be filled is what exit code 7 is for; the libraries are there all the same."""
    built, _ = build_with(fake, f'rw+{_url(between.port)}')
    between.bad = bad if bad in BAD else ''
    with remote_cache() as web:
        remote = {'refused': nobody_there(), 'no grpc': web.url}.get(bad, f'rw+{_url(between.port)}').replace('http:', 'grpc:')
        document, said = build_with(other, remote, code=7 if bad == 'unauthenticated' else 0, EMROOT_REMOTE_WAIT='')
    assert counts(document) == (5, 0) and document['remote']['fetched'] == 0
    assert said.count('emroot: warning: remote grpc://127.0.0.1:') == 1 == said.count('warning'), said
    assert 'very-secret' not in said
    directory = Path(str(document['cache']))
    assert archives(directory) == archives(Path(str(built['cache']))) and damage(other.home, directory) == []
    assert list((other.home / 'store/tmp').iterdir()) == []


@pytest.mark.parametrize('bad', ['truncated', 'endless', 'drip', 'other bytes', 'no message', 'hang'])
def test_a_long_transfer_that_goes_wrong_ends_and_is_noticed(between: Proxy, tmp_path: Path, bad: str):
    file, got = tmp_path / 'sent', tmp_path / 'got'
    file.write_bytes(bytes(4 << 20))
    blob = Blob(digest_file(file), 4 << 20)
    GrpcTransport(_url(between.port), {}).put_blobs({blob: file})
    reapi = GrpcTransport(_url(between.port), {}, silence=0.5)
    reapi._batch, between.bad = 1 << 20, bad
    reapi._long = lambda _: 1.0  # type: ignore[method-assign]  # it would be four minutes
    try:
        there = reapi.get_blobs({blob: got})
    except TransportError:
        there = False
    assert not there or digest_file(got) != blob.digest


def test_without_the_extra_it_is_said_how_to_get_it(fake: Emroot):
    """`-S` leaves out all that is installed."""
    command = [sys.executable, '-S', '-m', 'emroot', *fake.command('build', *SELECTION, '--remote', 'grpc://127.0.0.1:1')[3:]]
    env = plain_environment({'PYTHONPATH': str(SOURCE)})
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 2 and "hint: pip install 'emroot[reapi]'" in done.stderr, done.stderr
