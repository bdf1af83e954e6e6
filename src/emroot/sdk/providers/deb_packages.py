"""Debian package files: parallel download, a cache of finished downloads, unpacking."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from ...hashing import digest_file
from ...host.copying import install_file, link_or_copy
from ...host.files import make_directories, remove, stat_if_there
from ..steps import Report, failure
from .apt import Apt, last_words
from .apt_index import Package

_STREAMS = 3


def get_debs(apt: Apt, packages: Sequence[Package], into: Path, shelf: Path, report: Report) -> list[Path]:
    """Every package as a file in `into`, verified by the sha256 in the signed index. Finished downloads are also
    stored on the `shelf`, and used from there when an interrupted installation is repeated."""
    into.mkdir()
    make_directories(shelf)
    total = sum(p.size for p in packages)
    missing = [p for p in sorted(packages, key=lambda p: -p.size) if not _take(shelf, into, p)]
    what = f'downloading {len(packages)} Debian packages'
    report(what, 0, total)
    running = [apt.start_download([f'{p.name}={p.version}' for p in missing[k::_STREAMS]], into)
               for k in range(min(_STREAMS, len(missing)))]
    try:
        while any(process.poll() is None for process in running):
            report(what, min(sum(found.st_size for p in into.iterdir() if (found := stat_if_there(p))), total), total)
            time.sleep(0.05)
    finally:
        for process in running:
            process.terminate()
        stderr = b'\n'.join(process.communicate()[1] for process in running)
        lost = [p for p in missing if not _shelve(shelf, into, p)]
    if lost or any(process.returncode for process in running):
        names = ', '.join(p.name for p in lost) or 'Debian packages'
        raise failure(stderr, into, f'{names} could not be downloaded: {last_words(stderr)}',
                      hint='run the command again; finished downloads are kept')
    report(what, total, total)
    return [into / _file_name(p) for p in packages]


def forget_debs(packages: Sequence[Package], shelf: Path) -> None:
    """Remove installed packages from the shelf."""
    for package in packages:
        remove(shelf / _file_name(package))


def unpack_debs(debs: Sequence[Path], tree: Path, report: Report) -> None:
    """Unpack all packages into one tree, the largest first."""
    sizes = {deb: deb.stat().st_size for deb in debs}
    total, done = sum(sizes.values()), 0

    def unpack(deb: Path) -> int:
        ran = subprocess.run(['dpkg-deb', '-x', str(deb), str(tree)], capture_output=True, check=False,
                             env={**os.environ, 'LC_ALL': 'C'})
        if ran.returncode != 0:
            raise failure(ran.stderr, tree, f'{deb.name} cannot be unpacked: {ran.stderr.decode(errors="replace").strip()}',
                          hint='run the command again; if this error stays, use `--from emsdk`')
        return sizes[deb]

    report('unpacking', 0, total)
    with ThreadPoolExecutor(max_workers=os.cpu_count() or 1) as pool:
        for size in pool.map(unpack, sorted(sizes, key=sizes.__getitem__, reverse=True)):
            done += size
            report('unpacking', done, total)


def _take(shelf: Path, into: Path, package: Package) -> bool:
    """Use an intact package of the shelf, which another process may clear meanwhile."""
    name = _file_name(package)
    try:
        link_or_copy(shelf / name, into / name)
    except FileNotFoundError:
        return False
    if digest_file(into / name) == package.sha256:
        return True
    remove(into / name)
    return False


def _shelve(shelf: Path, into: Path, package: Package) -> bool:
    """Put a package on the shelf, if it is intact."""
    got = into / _file_name(package)
    if not got.is_file() or digest_file(got) != package.sha256:
        return False
    install_file(got, shelf / got.name)
    return True


def _file_name(package: Package) -> str:
    """The file name that `apt-get download` uses: with the epoch, which the archive's own file name omits."""
    architecture = package.filename.rpartition('_')[2]
    return f'{package.name}_{package.version.replace(":", "%3a")}_{architecture}'
