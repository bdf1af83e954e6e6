"""`support.downloads.sources`: releases of other projects from the package source, each checked against its index."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

import pytest
from support.downloads.sources import SourceUnavailable, _archive
from support.running import cannot_run

from emroot.sdk.providers import apt
from emroot.sdk.providers.apt import Apt, AptSource

CONTENT = b'a release'
INDEX = f'''Package: libother
Checksums-Sha256:
 {"0" * 64} 9 libother_1.orig.tar.gz

Package: libone
Binary: libone1
Checksums-Sha256:
 {"0" * 64} 4 libone_1.dsc
 {hashlib.sha256(CONTENT).hexdigest()} 9 libone_1.orig.tar.xz
 {"0" * 64} 4 libone_1-1.debian.tar.xz

'''


class FakeApt:
    """Downloads `content` under the name of the release, whatever is asked for."""

    def __init__(self, content: bytes) -> None:
        self.content = content

    def index(self) -> bytes:
        return INDEX.encode()

    def start_download(self, packages: list[str], into: Path) -> subprocess.Popen[bytes]:
        (into / f'{packages[0]}_1.orig.tar.xz').write_bytes(self.content)
        program = 'import sys; sys.stderr.write("E: no .dsc\\n"); sys.exit(100)'
        return subprocess.Popen([sys.executable, '-c', program], stderr=subprocess.PIPE)


def test_a_release_is_taken_even_if_what_else_belongs_to_the_package_is_missing(tmp_path: Path):
    assert _archive(FakeApt(CONTENT), 'libone', tmp_path) == tmp_path / 'libone_1.orig.tar.xz'


def test_a_release_with_another_content_is_refused_with_what_apt_said(tmp_path: Path):
    with pytest.raises(SourceUnavailable, match=r'libone cannot be downloaded: E: no \.dsc'):
        _archive(FakeApt(b'another'), 'libone', tmp_path)


def test_a_package_that_is_not_there_is_named(tmp_path: Path):
    with pytest.raises(SourceUnavailable, match='no package lib'):
        _archive(FakeApt(CONTENT), 'lib', tmp_path)


def test_apt_is_asked_for_sources_of_the_same_archive(tmp_path: Path):
    if apt.missing_tools():
        cannot_run('there is no apt')
    Apt(tmp_path, AptSource(uri='http://deb.example/debian', suites=('bookworm',), components=('main',)), 'trixie',
        kind='deb-src')
    written = (tmp_path / 'sources' / 'emroot.sources').read_text()
    assert 'Types: deb-src\n' in written and 'Targets: Sources\n' in written and 'Suites: trixie\n' in written
