"""Whether an emcc ran below `emroot run` without emroot, because EM_CONFIG was taken out of its environment or
replaced. It builds what it misses by itself, which shows in the caches that it may use."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from ...cache_directory.directory import CacheDirectory, is_unchanged
from ...host.files import read_file
from ...sdk import Sdk
from ..environment import is_below_run
from ..ui.messages import warn
from ..ui.notices import BUILT

#: The number of written files that are listed.
NAMED = 3
_LIBRARIES = os.path.join('sysroot', 'lib')
_Files = dict[str, tuple[int, int]]


@contextlib.contextmanager
def watched(sdk: Sdk, cache: Path, notices: str) -> Iterator[None]:
    """Warn of such an emcc after the block, unless the run is quiet (`notices` is empty). Looks at the caches that
    the SDK's emcc uses by itself, and at that of this run unless there is a run above, which does."""
    if not notices:
        yield
        return
    others = {own: _written(own, '', _LIBRARIES) for own in sdk.caches if own != cache}
    outermost = not is_below_run()
    before = _written(cache, _LIBRARIES) if outermost else {}
    yield
    for own, known in others.items():
        if changed := _changed(known, _written(own, '', _LIBRARIES)):
            warn(f'an emcc ran without emroot and wrote to the cache of the SDK itself ({own}: {_named(changed)})',
                 'something (`env -i`, sudo, SCons, tox, an `emsdk_env`) removed EM_CONFIG and EM_CACHE from its environment: '
                 'make it pass them on')
    changed = _changed(before, _written(cache, _LIBRARIES)) if outermost else []
    if built := _unknown(changed, CacheDirectory(cache, sdk), notices):
        warn(f'an emcc ran without emroot and built libraries itself ({cache}: {_named(built)})',
             'it had its own configuration (`--em-config FILE`, or EM_CONFIG): start emroot with that '
             '(EM_CONFIG=FILE emroot run ...), and do not set it below')


def _unknown(changed: list[str], directory: CacheDirectory, notices: str) -> list[str]:
    """The libraries among changed files that neither emroot nor a hooked emcc put there."""
    lines = (read_file(notices) or b'').decode(errors='surrogateescape').splitlines()
    known = {line[len(BUILT):] for line in lines if line.startswith(BUILT)}
    return [path for path in changed
            if path.endswith(('.a', '.o')) and path not in known and not _is_recorded(directory, path)]


def _is_recorded(directory: CacheDirectory, path: str) -> bool:
    return is_unchanged(Path(path), directory.recorded(Path(path).relative_to(directory.root).as_posix()))


def _named(paths: list[str]) -> str:
    more = f' and {len(paths) - NAMED} more' if len(paths) > NAMED else ''
    return ', '.join(os.path.basename(path) for path in paths[:NAMED]) + more


def _changed(before: _Files, now: _Files) -> list[str]:
    return sorted(path for path, when in now.items() if before.get(path) != when)


def _written(cache: Path, *tops: str) -> _Files:
    """The files of a cache directory itself (top '') and below directories in it, with their times and numbers."""
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
