"""Downloads: resumed, tried again, and believed only by their sha256."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.http_server import Server, serving

from emroot.errors import SdkError
from emroot.hashing import digest_bytes
from emroot.sdk.download import download, reachable

CONTENT = bytes(range(256)) * 4096
SHA256 = digest_bytes(CONTENT)


def get(server: Server, target: Path, sha256: str = SHA256) -> Path:
    """Download without patience."""
    return download(f'{server.url}/file', target, sha256=sha256, attempts=3, timeout=5, pause=0)


def test_a_file_arrives_with_progress_and_leaves_no_part(tmp_path: Path) -> None:
    told: list[tuple[int, int | None]] = []
    with serving({'/file': CONTENT}) as server:
        download(f'{server.url}/file', tmp_path / 'f', sha256=SHA256, report=lambda _, *parts: told.append(parts))
    assert (tmp_path / 'f').read_bytes() == CONTENT
    assert [p.name for p in tmp_path.iterdir()] == ['f']
    assert told[-1] == (len(CONTENT), len(CONTENT))
    assert [done for done, _ in told] == sorted(done for done, _ in told)


def test_what_is_there_is_not_asked_for_again(tmp_path: Path) -> None:
    with serving({'/file': CONTENT}) as server:
        get(server, tmp_path / 'f')
        get(server, tmp_path / 'f')
    assert len(server.requests) == 1


def test_an_interrupted_transfer_goes_on_where_it_stopped(tmp_path: Path) -> None:
    with serving({'/file': CONTENT}, cut_after=[600_000]) as server:
        get(server, tmp_path / 'f')
    assert (tmp_path / 'f').read_bytes() == CONTENT
    assert [r.range for r in server.requests] == [None, 'bytes=600000-']


def test_a_later_run_goes_on_with_what_an_earlier_one_kept(tmp_path: Path) -> None:
    with serving({'/file': CONTENT}, cut_after=[300_000, 0, 0, 0]) as server:
        with pytest.raises(SdkError, match='ended 748576 bytes early'):
            get(server, tmp_path / 'f')
        assert (tmp_path / 'f.part').stat().st_size == 300_000
        server.requests.clear()
        server.cut_after.clear()
        get(server, tmp_path / 'f')
    assert (tmp_path / 'f').read_bytes() == CONTENT
    assert [r.range for r in server.requests] == ['bytes=300000-']


def test_a_part_that_is_already_whole_is_taken(tmp_path: Path) -> None:
    (tmp_path / 'f.part').write_bytes(CONTENT)
    with serving({'/file': CONTENT}) as server:
        get(server, tmp_path / 'f')
    assert (tmp_path / 'f').read_bytes() == CONTENT


@pytest.mark.parametrize('kept', [b'x' * 1000, b'x' * (len(CONTENT) + 5)], ids=['wrong', 'too long'])
def test_a_part_of_something_else_is_given_up(tmp_path: Path, kept: bytes) -> None:
    (tmp_path / 'f.part').write_bytes(kept)
    with serving({'/file': CONTENT}) as server:
        get(server, tmp_path / 'f')
    assert (tmp_path / 'f').read_bytes() == CONTENT


def test_a_server_without_ranges_is_asked_for_the_whole(tmp_path: Path) -> None:
    (tmp_path / 'f.part').write_bytes(CONTENT[:1000])
    with serving({'/file': CONTENT}, ranges=False) as server:
        get(server, tmp_path / 'f')
    assert (tmp_path / 'f').read_bytes() == CONTENT


def test_a_busy_server_is_asked_again(tmp_path: Path) -> None:
    with serving({'/file': CONTENT}, refuse=[503, 429]) as server:
        get(server, tmp_path / 'f')
    assert len(server.requests) == 3


def test_a_missing_file_is_not_asked_for_again(tmp_path: Path) -> None:
    with serving({}) as server, pytest.raises(SdkError, match='404') as raised:
        get(server, tmp_path / 'f')
    assert len(server.requests) == 1
    assert raised.value.exit_code == 3
    assert raised.value.hint
    assert list(tmp_path.iterdir()) == []


def test_other_content_is_refused_and_not_kept(tmp_path: Path) -> None:
    with serving({'/file': b'other'}) as server, pytest.raises(SdkError, match='has the wrong content') as raised:
        get(server, tmp_path / 'f')
    assert f'its sha256 is {digest_bytes(b"other")}, not {SHA256}' in str(raised.value)
    assert list(tmp_path.iterdir()) == []


def test_two_at_once_do_not_disturb_each_other(tmp_path: Path) -> None:
    nested: list[Path] = []

    def meanwhile(_: str, done: int, total: int | None) -> None:
        if not nested:
            nested.append(tmp_path)
            get(server, tmp_path / 'f')
            nested.append(tmp_path / 'f')

    with serving({'/file': CONTENT}) as server:
        download(f'{server.url}/file', tmp_path / 'f', sha256=SHA256, report=meanwhile)
    assert nested[-1].read_bytes() == CONTENT
    assert [p.name for p in tmp_path.iterdir()] == ['f']


def test_reachable_says_why_not(tmp_path: Path) -> None:
    with serving({'/file': CONTENT}) as server:
        assert reachable(f'{server.url}/file') is None
        assert '404' in str(reachable(f'{server.url}/none'))
    assert 'refused' in str(reachable(f'{server.url}/file'))
    assert 'not a web address' in str(reachable('file:///etc/passwd'))
