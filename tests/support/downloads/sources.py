"""Sources of real third-party projects, for tests: from the machine's own Debian package source, as upstream released them.

apt gets and verifies them with its own state, as `emroot sdk install --from debian` gets packages; only the suite is
another. Mirrors keep the files of a suite for a while only, so that what one suite lacks is looked for in the next.
"""

from __future__ import annotations

import os
import re
import shutil
import tarfile
import tempfile
from pathlib import Path

from dev.paths import dev_cache
from emroot.errors import SdkError
from emroot.hashing import digest_file
from emroot.sdk.providers.apt import Apt, machine_sources, missing_tools

from ..snapshots import extract

#: Where to look, in this order. The first has releases that do not move.
SUITES = ('trixie', 'forky', 'bookworm', 'sid')
_ARCHIVE = re.compile(r'^ ([0-9a-f]{64}) \d+ (\S+\.orig\.tar\.\w+)$', re.MULTILINE)


class SourceUnavailable(RuntimeError):
    """A project's sources cannot be had here; the message says why."""


def get_source(package: str, version: str = '') -> Path:
    """The directory of a source package's upstream release, of a `version` if that is given. It is shared: copy what you change
    (with its times)."""
    shelf = dev_cache() / 'sources' / (f'{package}-{version}' if version else package)
    if not shelf.is_dir():
        shelf.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=shelf.parent, prefix='.getting-') as directory:
            archive = _download(package, Path(directory), version)
            unpacked = Path(directory) / 'unpacked'
            with tarfile.open(archive) as tar:
                extract(tar, unpacked)
            tops = list(unpacked.iterdir())
            try:
                os.replace(tops[0] if len(tops) == 1 else unpacked, shelf)
            except OSError:
                if not shelf.is_dir():  # another test was faster otherwise
                    raise
    return shelf


def copy_source(package: str, to: Path) -> Path:
    """A copy to build in, with the times of the files: what was generated must stay newer than what it was made from."""
    return Path(shutil.copytree(get_source(package), to, symlinks=True))


def _download(package: str, work: Path, version: str = '') -> Path:
    if missing := missing_tools():
        raise SourceUnavailable(f'the sources of {package} come from a Debian mirror, and there is no {", ".join(missing)}')
    failures = []
    for suite in SUITES:
        for number, source in enumerate(machine_sources()):
            try:
                apt = Apt(work / f'{suite}-{number}', source, suite, kind='deb-src')
                apt.update()
                return _archive(apt, package, work, version)
            except (SdkError, SourceUnavailable) as error:
                failures.append(f'{suite}: {error}')
    raise SourceUnavailable(f'no sources of {package}: {"; ".join(failures) or "no Debian archive in the package sources"}')


def _archive(apt: Apt, package: str, work: Path, version: str = '') -> Path:
    """The release's archive. What else belongs to a source package is of no use here, and may be missing."""
    stanzas = re.findall(rf'^Package: {re.escape(package)}$.*?(?=^\n|\Z)', apt.index().decode(), re.MULTILINE | re.DOTALL)
    listed = {name: digest for stanza in stanzas for digest, name in _ARCHIVE.findall(stanza)
              if not version or re.match(rf'{re.escape(package)}_{re.escape(version)}\b', name)}
    if not listed:
        raise SourceUnavailable(f'no package {package}{f" of version {version}" if version else ""}')
    process = apt.start_download([package], work)
    _, said = process.communicate()
    for name, digest in listed.items():
        if (work / name).is_file() and digest_file(work / name) == digest:
            return work / name
    raise SourceUnavailable(f'{package} cannot be downloaded: {said.decode(errors="replace").strip()[-300:]}')
