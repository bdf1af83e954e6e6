"""An SDK with Emscripten's own tests in it, apart from the SDK at hand, and a Python that has what they import."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from support.downloads.npm import NpmUnavailable, npm_package
from support.downloads.sources import get_source

from dev.paths import dev_cache, say
from emroot.hashing import digest_record
from emroot.host.files import remove_tree
from emroot.sdk import Sdk
from emroot.sdk.installation import MANIFEST
from emroot.store import try_lock

#: What the tests import besides Python's own modules.
PACKAGES = ('psutil>=5,<8',)


def get_suite(sdk: Sdk) -> Path:
    """The root of a copy of an SDK with `test/` in it: from the SDK itself, or from Debian's source package of that version.

    Raises `SourceUnavailable` if there are no tests of that version.
    """
    shelf = dev_cache() / 'upstream' / f'{sdk.version}-{sdk.digest[:8]}' / 'emscripten'
    if shelf.is_dir():
        return shelf
    tests = sdk.root / 'test'
    if not tests.is_dir():
        tests = get_source('emscripten', sdk.version) / 'test'
    say(f'copying Emscripten {sdk.version} and its tests to {shelf.parent}')
    shelf.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=shelf.parent, prefix='.copying-') as directory:
        copy = Path(directory) / 'emscripten'
        own = str(sdk.root)
        shutil.copytree(own, copy, symlinks=True, ignore=lambda top, _: ['cache', 'out', 'test'] if top == own else [])
        shutil.copytree(tests, copy / 'test', symlinks=True)
        (copy / '.emscripten').write_text(f'{sdk.config_text}CACHE = {str(shelf.parent / "cache")!r}\n{_closure_compiler(tests)}',
                                          encoding='utf-8')
        for record in [above / MANIFEST for above in sdk.root.parents if (above / MANIFEST).is_file()][:1]:
            shutil.copy(record, shelf.parent)  # what tells that this is the same SDK
        os.replace(copy, shelf)
    return shelf


def _closure_compiler(tests: Path) -> str:
    """The line of configuration for the compiler that Emscripten's `package.json` names; Debian's package does not have it."""
    package = tests.parent / 'package.json'
    if sys.platform != 'linux' or not package.is_file():
        return ''
    try:
        version = json.loads(package.read_text(encoding='utf-8'))['dependencies']['google-closure-compiler'].lstrip('^')
        program = npm_package('google-closure-compiler-linux', version) / 'compiler'
    except (KeyError, NpmUnavailable) as error:
        say(f'without closure compiler: {error}')
        return ''
    return f'CLOSURE_COMPILER = [{str(program)!r}]\n'


def clean(root: Path) -> None:
    """Remove what tests left in the copy."""
    remove_tree(root / 'out')
    (root / 'out').mkdir()


def get_python() -> Path:
    """A Python with what the tests import, made if it is not there."""
    directory = dev_cache() / 'programs' / f'upstream-{digest_record([*PACKAGES, *sys.version_info[:2]])[:12]}'
    python = directory / ('Scripts/python.exe' if os.name == 'nt' else 'bin/python3')
    directory.parent.mkdir(parents=True, exist_ok=True)
    with try_lock(directory.with_suffix('.lock'), seconds=900):
        if not (directory / 'made').is_file():
            subprocess.run([sys.executable, '-m', 'venv', '--clear', str(directory)], check=True)
            subprocess.run([str(python), '-m', 'pip', 'install', '--disable-pip-version-check', '--quiet', *PACKAGES], check=True)
            (directory / 'made').touch()
    return python
