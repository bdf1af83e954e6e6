"""The home (`EMROOT_HOME`): the directory for all of emroot's files of a user."""

from __future__ import annotations

import contextlib
import functools
import json
import os
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import StoreError, UsageError, from_os_error
from ..hashing import digest_bytes
from .files import is_stale, make_directories, read_file, remove, remove_tree, write_text
from .permissions import require_owned

CACHEDIR_TAG = 'Signature: 8a477f597d28d172789f06886806bc55\n# This directory is a cache made by emroot.\n'
LOGS_KEPT = 20
#: A placeholder for a missing home: nothing can exist below this path.
NOWHERE = Path(os.devnull, 'emroot')
#: The directories of a home.
PARTS = ('cache', 'caches', 'downloads', 'logs', 'memo', 'node', 'run', 'sdk', 'store', 'trusted')


@dataclass(frozen=True)
class Home:
    """The paths below `EMROOT_HOME`."""

    root: Path

    @property
    def is_known(self) -> bool:
        """Whether there is a home. Without one, nothing is cached or stored."""
        return self.root != NOWHERE

    def require(self) -> None:
        """Raise `StoreError` if there is none."""
        if not self.is_known:
            raise StoreError('no home directory', hint='set EMROOT_HOME or --home to a directory for emroot')

    @property
    def store(self) -> Path:
        """The store. Raises `StoreError` if there is no home."""
        self.require()
        return self.root / 'store'

    @property
    def sdks(self) -> Path:
        return self.root / 'sdk'

    @property
    def memo(self) -> Path:
        """Caches of SDK identities and answers of SDKs. Safe to delete."""
        return self.root / 'memo'

    @property
    def logs(self) -> Path:
        return self.root / 'logs'

    def cache_directory(self, version: str, digest: str, origin: str = '') -> Path:
        """The default cache directory of an SDK, for all modes; another for results of an `origin`."""
        return self.root / 'cache' / '-'.join(filter(None, (version, digest[:12], origin)))

    def remember_cache(self, path: Path) -> None:
        """Record a cache directory: the store keeps its content."""
        file = self.root / 'caches' / f'{digest_bytes(os.fsencode(path))[:16]}.json'
        if read_json(file) is None:
            write_json(file, {'path': str(path)})

    def known_caches(self) -> list[Path]:
        """Every recorded cache directory that still exists."""
        found = [read_json(file) for file in sorted((self.root / 'caches').glob('*.json'))]
        paths = [Path(str(memo['path'])) for memo in found if memo and 'path' in memo]
        return [path for path in paths if (path / '.emroot').is_dir()]

    def remove_stale_temporaries(self) -> None:
        """Those outside of the store and cache directories."""
        for top in (self.memo, self.root / 'caches'):
            for path in is_stale(top):
                remove(path)

    def prepare(self) -> None:
        """Create the home, with a tag that excludes it from backups."""
        self.require()
        try:
            make_directories(self.root)
            tag = self.root / 'CACHEDIR.TAG'
            if not tag.exists():
                write_text(tag, CACHEDIR_TAG)
        except OSError as error:
            raise from_os_error(error, 'preparing the home') from error

    def new_log(self, *, of_links: bool = False) -> Path:
        """The path of a new log; only the latest `LOGS_KEPT` are kept, and as many of lazy links."""
        self.prepare()
        logs = self.logs / 'links' if of_links else self.logs
        make_directories(logs)
        for old in sorted(logs.glob('*.log'))[:-(LOGS_KEPT - 1) or None]:
            remove(old)
        return logs / f'{time.strftime("%Y%m%d-%H%M%S")}-{os.getpid()}.log'


def find_home(explicit: str | os.PathLike[str] | None = None) -> Home:
    """The given home, `EMROOT_HOME`, or the default. Raises `StoreError` if others may write to it."""
    chosen = explicit or os.environ.get('EMROOT_HOME')
    root = user_path(chosen) if chosen else user_cache_dir() or NOWHERE
    if set('\r\n') & set(str(root)):
        raise UsageError(f'the home {str(root)!r} has a line break in its path, and emcc reads no configuration from such a path',
                         hint='choose another home with --home or EMROOT_HOME')
    require_owned(root, PARTS)
    return Home(root)


def user_cache_dir() -> Path | None:
    """The user's cache directory on this platform, with `emroot` appended; None without a home."""
    if sys.platform == 'win32':
        named, below, name = os.environ.get('LOCALAPPDATA', ''), '~\\AppData\\Local', ('emroot', 'Cache')
    elif sys.platform == 'darwin':
        named, below, name = '', '~/Library/Caches', ('emroot',)
    else:
        named, below, name = os.environ.get('XDG_CACHE_HOME', ''), '~/.cache', ('emroot',)
    # A relative one is none, neither by the XDG specification nor as a home directory: it would lie in each project anew.
    base = next((path for path in (named, os.path.expanduser(below)) if os.path.isabs(path)), None)
    return Path(base, *name) if base else None


def user_path(given: str | os.PathLike[str], directory: Path | None = None) -> Path:
    """The absolute path for a path of the user, relative to `directory` or the current one. `..` is resolved,
    unless it leads out of a link. Raises `StoreError` if `~` cannot be expanded."""
    try:
        path = Path((directory or Path.cwd()) / Path(given).expanduser())
        plain = os.path.abspath(path) if '..' in path.parts else path
        return Path(plain) if plain is path or os.path.realpath(plain) == os.path.realpath(path) else path
    except RuntimeError as error:
        raise StoreError(f'cannot expand the ~ in {os.fspath(given)}: the home directory is unknown',
                         hint='set HOME, or give the path without ~') from error


def parse_json(text: bytes | None) -> dict[str, Any] | None:
    """The JSON object in a text; None for anything else."""
    try:
        answer = json.loads(text) if text else None
    except (ValueError, RecursionError):
        return None
    return answer if isinstance(answer, dict) else None


def read_json(path: Path | str) -> dict[str, Any] | None:
    """The JSON object in a file; None if it is absent or cannot be read."""
    return parse_json(read_file(path))


def write_json(path: Path, answer: dict[str, Any], *, aside: Path | None = None) -> None:
    """Cache an answer, in its order, if the home is writable (`aside`: see `files.atomic_write`)."""
    with contextlib.suppress(OSError):
        write_text(path, json.dumps(answer, separators=(',', ':')), aside=aside)


@functools.cache
def temporary_file(name: str, text: str) -> Path:
    """A file that exists until this process ends, for commands that only query and need no writable home."""
    import atexit
    import tempfile
    directory = Path(tempfile.mkdtemp(prefix='emroot-'))
    atexit.register(remove_tree, directory)
    write_text(directory / name, text)
    return directory / name
