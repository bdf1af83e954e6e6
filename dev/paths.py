"""Directories of development, and starting programs."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from emroot.host.home import Home, find_home, user_cache_dir

#: The clone.
ROOT = Path(__file__).resolve().parent.parent

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
