"""Debian's signed indexes, with a real apt and signed files: they do not go back, and do not outlast their time."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from support.running import cannot_run

from emroot.errors import SdkError
from emroot.sdk.providers import apt, debian
from emroot.sdk.providers.apt import AptSource
from emroot.sdk.steps import silent

FILES = Path(__file__).resolve().parent.parent / 'support/debian_archive'


class Archive:
    """One suite, of which all that is signed was signed long ago."""

    def __init__(self, directory: Path) -> None:
        self.directory, self.suite = directory, directory / 'dists/forky'
        for cpu in ('amd64', 'arm64'):
            (self.suite / f'main/binary-{cpu}').mkdir(parents=True)
            shutil.copy(FILES / 'Packages', self.suite / f'main/binary-{cpu}')
        self.key = Path(shutil.copy(FILES / 'key.asc', directory))  # apt takes no path with a space, as the clone's may be

    def serve(self, which: str) -> None:
        """As of another day."""
        shutil.copy(FILES / f'{which}.InRelease', self.suite / 'InRelease')

    @property
    def source(self) -> AptSource:
        """As the machine's apt would be configured with it."""
        return AptSource(uri=f'file:{self.directory}', suites=('bookworm',), components=('main',),
                         options={'Signed-By': str(self.key), 'Check-Valid-Until': 'yes', 'Check-Date': 'yes'})


@pytest.fixture
def archive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Archive:
    """The only one of this machine."""
    if missing := apt.missing_tools():
        cannot_run(f'there is no {missing[0]}')
    if apt._native() not in ('amd64', 'arm64'):
        cannot_run('the archive is of other machines')
    made = Archive(tmp_path / 'archive')
    monkeypatch.setattr(debian, 'machine_sources', lambda: [made.source])
    return made


def choose(tmp_path: Path) -> str:
    """Which Emscripten is found."""
    work = tmp_path / 'work'
    shutil.rmtree(work, ignore_errors=True)
    return debian.DebianProvider(tmp_path / 'downloads').choose(None, work, silent).version


def test_a_newer_index_is_taken_and_an_older_one_is_not_afterwards(archive: Archive, tmp_path: Path) -> None:
    for which in ('older', 'older', 'newer', 'newer'):
        archive.serve(which)
        assert choose(tmp_path) == '6.0.5'
    archive.serve('older')
    with pytest.raises(SdkError, match=r'index of forky .* 2024-01-01 .* had 2024-02-01 .* an old index') as raised:
        choose(tmp_path)
    assert 'another mirror' in raised.value.hint
    kept = next((tmp_path / 'downloads/debian-dates').iterdir())
    assert f'delete {kept}' in raised.value.hint
    kept.unlink()
    assert choose(tmp_path) == '6.0.5'


@pytest.mark.parametrize('text', ['{', '{"date": 7}', '{"date": "soon"}'])
def test_a_spoilt_note_of_the_date_is_none(archive: Archive, tmp_path: Path, text: str) -> None:
    archive.serve('newer')
    choose(tmp_path)
    next((tmp_path / 'downloads/debian-dates').iterdir()).write_text(text)
    assert choose(tmp_path) == '6.0.5'
    archive.serve('older')
    with pytest.raises(SdkError, match='an old index'):
        choose(tmp_path)


def test_an_index_beyond_its_time_is_refused(archive: Archive, tmp_path: Path) -> None:
    archive.serve('expired')
    with pytest.raises(SdkError, match=r'index of forky in the package source is not valid now: .*expired') as raised:
        choose(tmp_path)
    assert 'clock' in raised.value.hint
    assert not (tmp_path / 'downloads/debian-dates').exists()


def test_an_index_that_somebody_changed_is_not_believed(archive: Archive, tmp_path: Path) -> None:
    archive.serve('newer')
    file = archive.suite / 'InRelease'
    file.write_text(file.read_text().replace('01 Feb 2024', '02 Feb 2024'))
    with pytest.raises(SdkError, match=r'not signed|BADSIG|invalid'):
        choose(tmp_path)
    assert not (tmp_path / 'downloads/debian-dates').exists()


def test_another_address_may_be_behind(archive: Archive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    archive.serve('newer')
    choose(tmp_path)
    mirror = Archive(tmp_path / 'mirror')
    mirror.serve('older')
    monkeypatch.setattr(debian, 'machine_sources', lambda: [mirror.source])
    assert choose(tmp_path) == '6.0.5'
