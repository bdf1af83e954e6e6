"""Signed records on real servers: a web server, one that is written to like a Bazel cache, and the Remote Execution API."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.remotes import PLAIN, TARGETS
from support.running import Emroot
from support.servers import casd, nginx
from support.snapshots import archives, counts
from test_signing import a_key

SELECTION = ('--targets', ','.join(TARGETS), '--json')


@pytest.fixture(scope='module', params=['http', 'grpc'])
def remote(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    directory = tmp_path_factory.mktemp(request.param)
    if request.param == 'http':
        with nginx(directory, writes=True) as web:
            yield web.url
    else:
        with casd(directory) as port:
            yield f'grpc://127.0.0.1:{port}'


def test_only_what_the_publisher_signed_is_taken(fake: Emroot, other: Emroot, remote: str, tmp_path: Path):
    """Somebody who may write there stores libraries; then the publisher puts signed ones there."""
    key = a_key(tmp_path / 'key')
    asked = ('--remote', remote, '--remote-key', f'{key}.pub')
    assert fake('build', *SELECTION, '--remote', f'rw+{remote}', env=PLAIN).json['remote']['sent'] == 3
    ran = other('build', *SELECTION, *asked, env=PLAIN)
    assert (ran.json['remote']['unsigned'], counts(ran.json)) == (3, (5, 0)) and ran.err.count('warning') == 1
    assert fake('publish', remote, '--sign', key, *SELECTION, env=PLAIN).json['published'] == 3
    third = Emroot(tmp_path / 'third', other.sdk)
    taken = third('build', *SELECTION, *asked, env=PLAIN)
    assert (taken.json['remote']['unsigned'], counts(taken.json)) == (0, (0, 5)) and 'warning' not in taken.err
    assert archives(Path(taken.json['cache'])) == archives(Path(ran.json['cache']))


def test_a_published_directory_is_served_with_its_signatures(fake: Emroot, other: Emroot, tmp_path: Path):
    key = a_key(tmp_path / 'key')
    with nginx(tmp_path / 'web') as web:
        assert fake('publish', web.files, '--sign', key, *SELECTION).json['records'] == 3
        asked = ('--remote', web.url, '--remote-key')
        assert counts(other('build', *SELECTION, *asked, f'{key}.pub', env=PLAIN).json) == (0, 5)
        wrong = Emroot(tmp_path / 'third', other.sdk)('build', *SELECTION, *asked, f'{a_key(tmp_path / "two")}.pub', env=PLAIN)
        assert (wrong.json['remote']['unsigned'], counts(wrong.json)) == (3, (5, 0))
