"""Unpacks Debian packages and all they depend on into a directory, without installing anything on this machine.

apt resolves, downloads and verifies with its own state, cache and sources in a scratch directory; the machine's
settings (proxy, credentials, retries) still hold, and so does its package source: only the suite is another.
`dpkg-deb -x` unpacks. No maintainer script runs: what they would have set up, and a build needs, `tree.py` writes.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from .unavailable import BazelUnavailable

__all__ = ['PackageRequest', 'unpack']

KEYRING = Path('/usr/share/keyrings/debian-archive-keyring.gpg')
TOOLS = ('apt-get', 'apt-cache', 'dpkg-deb')
# Two unpackings overlap one's decompression with the other's writing; more would only take processors from others.
UNPACKERS = 2
# Nothing reads these in a tree that only builds: 90 MB of about 900.
UNREAD = ('usr/share/doc', 'usr/share/man', 'usr/share/info', 'usr/share/locale')


@dataclass(frozen=True, kw_only=True)
class PackageRequest:
    """What to unpack. `pretended` packages count as installed: neither they nor what only they need comes along."""

    suite: str
    wanted: tuple[str, ...]
    optional: tuple[str, ...]
    pretended: tuple[str, ...]
    what: str = 'Bazel and what it depends on (about 300 MB)'


def unpack(request: PackageRequest, root: Path, scratch: Path, say: Callable[[str], None]) -> dict[str, str]:
    """Fills `root`; gives the version of each package in it. `scratch` holds apt's state and may be removed later."""
    missing = [tool for tool in TOOLS if shutil.which(tool) is None]
    if missing or not KEYRING.exists():
        raise BazelUnavailable(
            f'{", ".join(missing) or KEYRING} (the tree is unpacked from Debian packages)',
            'run the tests on Debian 12 or later, or in a container of it',
        )
    apt = _PrivateApt(scratch, request)
    say(f'reading the package lists of Debian {request.suite}')
    apt.run('apt-get', 'update')
    optional = [name for name in request.optional if apt.knows(name)]
    say(f'downloading {request.what}')
    apt.run('apt-get', 'install', '--download-only', *request.wanted, *optional)
    archives = sorted(apt.archives.glob('*.deb'))
    # base-files holds /bin -> usr/bin and its like: whatever came before it could make directories of these names.
    archives.sort(key=lambda path: not path.name.startswith('base-files_'))
    say(f'unpacking {len(archives)} packages')
    _extract(archives[0], root)
    with ThreadPoolExecutor(UNPACKERS) as pool:
        for _ in pool.map(lambda archive: _extract(archive, root), archives[1:]):
            pass
    for name in UNREAD:
        shutil.rmtree(root / name, ignore_errors=True)
    return dict(_name_and_version(archive) for archive in archives)


class _PrivateApt:
    """apt with a configuration of its own on top of the machine's."""

    def __init__(self, scratch: Path, request: PackageRequest) -> None:
        self.archives = scratch / 'cache' / 'archives'
        self._config = scratch / 'apt.conf'
        for directory in (scratch / 'state' / 'lists' / 'partial', self.archives / 'partial'):
            directory.mkdir(parents=True)
        status = scratch / 'status'
        status.write_text(''.join(map(_installed, request.pretended)))
        sources = scratch / 'tree.sources'
        sources.write_text(
            f'Types: deb\nURIs: {_package_source()}\nSuites: {request.suite}\nComponents: main\nSigned-By: {KEYRING}\n'
        )
        # Containers of Debian carry hooks that delete the machine's own package cache after each run: cleared.
        hooks = (
            'APT::Update::Pre-Invoke',
            'APT::Update::Post-Invoke',
            'APT::Update::Post-Invoke-Success',
            'DPkg::Post-Invoke',
        )
        settings = {
            'Dir::State': scratch / 'state',
            'Dir::State::status': status,
            'Dir::Cache': scratch / 'cache',
            'Dir::Etc::sourcelist': sources,
            'Dir::Etc::sourceparts': '/dev/null',
            'Dir::Etc::preferences': '/dev/null',
            'Dir::Etc::preferencesparts': '/dev/null',
            'Acquire::Languages': 'none',
            'Acquire::Retries': '3',
            'APT::Update::Error-Mode': 'any',  # a mirror out of reach is an error, not a warning
            'APT::Install-Recommends': 'false',
            'APT::Get::Assume-Yes': 'true',
            'APT::Sandbox::User': 'root',
        }
        lines = [f'#clear {hook};' for hook in hooks] + [f'{name} "{value}";' for name, value in settings.items()]
        self._config.write_text('\n'.join(lines) + '\n')

    def run(self, program: str, *args: str) -> None:
        result = _quietly([program, '-c', str(self._config), '-q', *args])
        if result.returncode != 0:
            raise BazelUnavailable(
                f'`{program} {args[0]}` failed:\n{result.stdout[-2000:]}',
                "check that this machine's Debian mirror can be reached",
            )

    def knows(self, package: str) -> bool:
        return _quietly(['apt-cache', '-c', str(self._config), 'show', package]).returncode == 0


def _package_source() -> str:
    """The mirror this machine gets its own release from, as apt sees it, whichever file names it."""
    release = _codename(Path('/etc/os-release').read_text())
    form = '$(RELEASE) $(COMPONENT) $(REPO_URI)'
    listing = _quietly(['apt-get', 'indextargets', '--no-release-info', '--format', form])
    for line in listing.stdout.splitlines():
        suite, component, uri = line.split(maxsplit=2)
        if (suite, component) == (release, 'main'):
            return uri
    raise BazelUnavailable(f'no apt source for Debian {release} on this machine', "add Debian's own source to /etc/apt")


def _codename(os_release: str) -> str:
    fields = dict(line.split('=', 1) for line in os_release.splitlines() if '=' in line)
    if fields.get('ID', '').strip('"') != 'debian':
        raise BazelUnavailable(
            'this machine is not Debian', 'run the tests on Debian 12 or later, or in a container of it'
        )
    return fields.get('VERSION_CODENAME', '').strip('"')


def _installed(package: str) -> str:
    return (
        f'Package: {package}\nStatus: install ok installed\nArchitecture: all\nVersion: 99:0\n'
        'Maintainer: nobody <nobody@localhost>\nDescription: left out of this tree\n\n'
    )


def _extract(archive: Path, root: Path) -> None:
    subprocess.run(['dpkg-deb', '-x', str(archive), str(root)], check=True, stdout=subprocess.DEVNULL)


def _name_and_version(archive: Path) -> tuple[str, str]:
    """From apt's file name, `name_version_arch.deb`, where a colon in the version is written `%3a`."""
    name, version, _ = archive.name.split('_')
    return name, version.replace('%3a', ':')


def _quietly(argv: Sequence[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
