"""Whether an emcc ran below `emroot run` without emroot: something had taken EM_CONFIG out of its environment, or named another
configuration to it. It builds what it misses by itself, which shows in the caches that it may use."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path

from ...cache_directory.directory import CacheDirectory, is_unchanged
from ...host.files import read_file
from ...sdk import Sdk
from ..environment import is_below_run
from ..ui.notices import BUILT
from ..ui.warnings import warn

#: The number of written files that are listed.
NAMED = 3
_LIBRARIES = os.path.join('sysroot', 'lib')
_Files = dict[str, tuple[int, int]]


@contextlib.contextmanager
def watched(sdk: Sdk, cache: Path, notices: str) -> Iterator[None]:
    """Says so after the block, unless nothing is to be said (`notices` is empty). What an emcc finds in its caches leaves no
    trace, and is no loss."""
    if not notices:
        yield
        return
    watches = [_sdks_own(own) for own in sdk.caches if own != cache]
    if not is_below_run():  # else the run above looks at what they share
        watches.append(_the_runs(sdk, cache, notices))
    yield
    for text, hint in filter(None, (watch() for watch in watches)):
        warn(text, hint)


_Watch = Callable[[], tuple[str, str] | None]


def _sdks_own(cache: Path) -> _Watch:
    """Watches a cache that the SDK's emcc uses by itself."""
    before = _written(cache, '', _LIBRARIES)

    def said() -> tuple[str, str] | None:
        changed = _changed(before, _written(cache, '', _LIBRARIES))
        if not changed:
            return None
        return (f'an emcc ran without emroot and wrote to the cache of the SDK itself ({cache}: {_named(changed)})',
                'something (`env -i`, sudo, SCons, tox, an `emsdk_env`) removed EM_CONFIG and EM_CACHE from its environment: '
                'make it pass them on')
    return said


def _the_runs(sdk: Sdk, cache: Path, notices: str) -> _Watch:
    """Watches the cache directory of this run, in which emroot knows what it put there, and what it left to its emccs."""
    before, directory = _written(cache, _LIBRARIES), CacheDirectory(cache, sdk)

    def said() -> tuple[str, str] | None:
        lines = (read_file(notices) or b'').decode(errors='surrogateescape').splitlines()
        known = {line[len(BUILT):] for line in lines if line.startswith(BUILT)}
        changed = [path for path in _changed(before, _written(cache, _LIBRARIES)) if path.endswith(('.a', '.o'))]
        own = [path for path in changed if path not in known and not _is_recorded(directory, path)]
        if not own:
            return None
        return (f'an emcc ran without emroot and built libraries itself ({cache}: {_named(own)})',
                'it had its own configuration (`--em-config FILE`, or EM_CONFIG): start emroot with that '
                '(EM_CONFIG=FILE emroot run ...), and do not set it below')
    return said


def _is_recorded(directory: CacheDirectory, path: str) -> bool:
    record = directory.recorded(Path(path).relative_to(directory.root).as_posix())
    return 'stat' in record and is_unchanged(Path(path), record)


def _named(paths: list[str]) -> str:
    more = f' and {len(paths) - NAMED} more' if len(paths) > NAMED else ''
    return ', '.join(os.path.basename(path) for path in paths[:NAMED]) + more


def _changed(before: _Files, now: _Files) -> list[str]:
    return sorted(path for path, when in now.items() if before.get(path) != when)


def _written(cache: Path, *tops: str) -> _Files:
    """What lies in a cache directory, or below a directory in it."""
    found = {}
    for top in tops:
        for directory, below, names in os.walk(cache / top):
            if not top:
                below.clear()
            for path in (os.path.join(directory, name) for name in names if not name.endswith('.lock')):
                with contextlib.suppress(OSError):
                    about = os.stat(path)
                    found[path] = (about.st_mtime_ns, about.st_ino)
    return found
