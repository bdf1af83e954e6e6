"""Where development keeps what is expensive to get, and the SDKs to develop with."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from emroot.errors import SdkError
from emroot.files import user_cache_dir
from emroot.home import Home, find_home
from emroot.sdk.discover import emscripten_root
from emroot.sdk.install import install

#: The clone.
ROOT = Path(__file__).resolve().parent.parent
#: The releases that everything is tested with: the newest that Debian's next release has, and the oldest supported.
VERSIONS = ('6', '3.1.69')


def dev_cache() -> Path:
    """The directory outside the clone for downloads, SDKs and stores of development."""
    given = os.environ.get('EMROOT_DEV_CACHE')
    if given:
        return Path(given).absolute()
    if (user := user_cache_dir()) is None:
        raise SystemExit('no home directory: set EMROOT_DEV_CACHE')
    return user.with_name('emroot-dev')


def dev_home() -> Home:
    """The home that development uses, apart from the user's own."""
    return find_home(dev_cache() / 'home')


def say(text: str) -> None:
    """A line about progress."""
    print(text, file=sys.stderr, flush=True)


def get_sdks(versions: tuple[str, ...] = VERSIONS) -> tuple[list[Path], list[str]]:
    """Roots of the SDKs to test with, and what could not be had and why. EMROOT_TEST_SDKS (paths) overrides."""
    if given := os.environ.get('EMROOT_TEST_SDKS'):
        roots = [emscripten_root(Path(p)) for p in given.split(os.pathsep) if p]
        return [r for r in roots if r], [f'no SDK at {p}' for p, r in zip(given.split(os.pathsep), roots, strict=True) if not r]
    found, missing = [], []
    for version in versions:
        shown = ''

        def report(step: str, done: int, total: int | None) -> None:
            nonlocal shown
            if step != shown:
                say(f'  {step}')
            shown = step
        try:
            found.append(install(dev_home(), source='debian', version=version, report=report))
        except SdkError as error:
            missing.append(f'Emscripten {version}: {error}')
    return found, missing


def run(command: list[str], **options: object) -> subprocess.CompletedProcess[str]:
    """A process whose output is text, never through a shell."""
    return subprocess.run(command, text=True, check=False, **options)  # type: ignore[call-overload, no-any-return]
