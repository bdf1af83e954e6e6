"""An SDK with Emscripten's own tests in it, apart from the SDK at hand, and a Python that has what they import."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from emroot.canonical import digest_record
from emroot.files import remove_tree
from emroot.sdk import Sdk
from emroot.sdk.install import MANIFEST

from ..places import dev_cache, say
from ..sources import get_source

#: What the tests import besides Python's own modules.
PACKAGES = ('psutil>=5,<8',)


def get_suite(sdk: Sdk) -> Path:
    """The root of a copy of an SDK with `test/` in it: from the SDK itself, or from Debian's source package of that version.

    Raises `SourceUnavailable` if there are no tests of that version.
    """
    place = dev_cache() / 'upstream' / f'{sdk.version}-{sdk.digest[:8]}' / 'emscripten'
    if place.is_dir():
        return place
    tests = sdk.root / 'test'
    if not tests.is_dir():
        tests = get_source('emscripten', sdk.version) / 'test'
    say(f'copying Emscripten {sdk.version} and its tests to {place.parent}')
    place.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=place.parent, prefix='.copying-') as directory:
        copy = Path(directory) / 'emscripten'
        own = str(sdk.root)
        shutil.copytree(own, copy, symlinks=True, ignore=lambda top, _: ['cache', 'out', 'test'] if top == own else [])
        shutil.copytree(tests, copy / 'test', symlinks=True)
        (copy / '.emscripten').write_text(f'{sdk.config_text}CACHE = {str(place.parent / "cache")!r}\n', encoding='utf-8')
        for record in [above / MANIFEST for above in sdk.root.parents if (above / MANIFEST).is_file()][:1]:
            shutil.copy(record, place.parent)  # what tells that this is the same SDK
        os.replace(copy, place)
    return place


def clean(root: Path) -> None:
    """Remove what tests left in the copy."""
    remove_tree(root / 'out')
    (root / 'out').mkdir()


def get_python() -> Path:
    """A Python with what the tests import, made if it is not there."""
    place = dev_cache() / 'programs' / f'upstream-{digest_record([*PACKAGES, *sys.version_info[:2]])[:12]}'
    python = place / ('Scripts/python.exe' if os.name == 'nt' else 'bin/python3')
    place.parent.mkdir(parents=True, exist_ok=True)
    with open(f'{place}.lock', 'w') as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (place / 'made').is_file():
            subprocess.run([sys.executable, '-m', 'venv', '--clear', str(place)], check=True)
            subprocess.run([str(python), '-m', 'pip', 'install', '--disable-pip-version-check', '--quiet', *PACKAGES], check=True)
            (place / 'made').touch()
    return python
