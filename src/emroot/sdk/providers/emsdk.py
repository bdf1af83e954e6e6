"""The official releases: one archive per version and platform, verified by sha256."""

from __future__ import annotations

import json
import os
import platform
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

from ...errors import SdkError
from ...host.copying import link_or_copy
from ...host.files import remove
from ..download import download, reachable
from ..extraction import untar, unzip
from ..steps import Report
from . import Release, Unpacked, matches, order

BASE = 'https://storage.googleapis.com/webassembly/emscripten-releases-builds'
RELEASES = Path(__file__).parent.parent / 'releases.json'


class EmsdkProvider:
    """Release archives from emsdk's server, or from a mirror of it (`EMROOT_EMSDK_URL`)."""

    name = 'emsdk'

    def __init__(self, downloads: Path) -> None:
        self._downloads = downloads / 'emsdk'
        self._base = (os.environ.get('EMROOT_EMSDK_URL') or BASE).rstrip('/')
        self._releases = known_releases()

    def unusable(self, version: str | None) -> str | None:
        """Sends a HEAD request for the archive."""
        try:
            url, _ = self._archive(self._choose(version))
        except SdkError as error:
            return error.message
        reason = reachable(url)
        return f'{url} cannot be reached ({reason})' if reason else None

    def choose(self, version: str | None, work: Path, report: Report) -> Release:
        chosen = self._choose(version)
        self._archive(chosen)
        return Release(version=chosen)

    def unpack(self, release: Release, work: Path, dest: Path, report: Report) -> Unpacked:
        """All files of the archive are below `install/`."""
        url, sha256 = self._archive(release.version)
        kept = self._downloads / '-'.join(url.split('/')[-2:])
        archive = work / kept.name
        while not archive.exists():
            download(url, kept, sha256=sha256, what=f'downloading Emscripten {release.version}', report=report)
            with suppress(FileNotFoundError):  # another installation may be through with it, and have deleted it
                link_or_copy(kept, archive)
        into = work / 'archive'
        into.mkdir()
        (unzip if url.endswith('.zip') else untar)(archive, into, what='unpacking', report=report)
        tree = into / 'install'
        if not (tree / 'emscripten' / 'emcc.py').is_file():
            raise SdkError(f'{url} has no install/emscripten/emcc.py', hint='try another version with --version')
        remove(kept)
        return Unpacked(tree=tree, root='emscripten', llvm_root='bin', binaryen_root='.')

    def _choose(self, version: str | None) -> str:
        for known in sorted(self._releases, key=order, reverse=True):
            if matches(known, version):
                return known
        newest, oldest = max(self._releases, key=order), min(self._releases, key=order)
        raise SdkError(f'unknown official release {version}; emroot knows {oldest} to {newest}',
                       hint=f'use --version {newest}, or install it with emsdk and use it with --sdk')

    def _archive(self, version: str) -> tuple[str, str]:
        """URL and sha256 of the archive for this machine."""
        release = self._releases[version]
        system = {'linux': 'linux', 'darwin': 'mac', 'win32': 'win'}.get(sys.platform, sys.platform)
        arm = platform.machine().lower() in ('arm64', 'aarch64') and system != 'win'
        sha256 = release.get(f'{system}-arm64' if arm else system)
        if not sha256:
            raise SdkError(f'there is no official release {version} for {sys.platform} on {platform.machine()}',
                           hint='use another --version, or `--from debian`')
        name = f'wasm-binaries{"-arm64" if arm else ""}.{"zip" if system == "win" else "tar.xz"}'
        return f'{self._base}/{system}/{release["hash"]}/{name}', sha256


def known_releases() -> dict[str, dict[str, str]]:
    """Version -> hash of its build, and sha256 of its archive for each platform."""
    data: dict[str, Any] = json.loads(RELEASES.read_text(encoding='utf-8'))
    return {str(version): dict(release) for version, release in data['releases'].items()}
