"""Whether an emcc ran below `emroot run` without emroot: its environment was cleared, and it wrote to the SDK's own cache."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator

from ..sdk import Sdk
from .github import annotate
from .style import paint

#: How many of the files that were written are named.
NAMED = 3


@contextlib.contextmanager
def watched(sdk: Sdk) -> Iterator[None]:
    """Says so after the block. What an emcc finds in its own cache leaves no trace, and is no loss."""
    before = _written(sdk)
    yield
    changed = sorted(path for path, when in _written(sdk).items() if before.get(path) != when)
    if changed:
        names = ', '.join(os.path.basename(path) for path in changed[:NAMED])
        more = f' and {len(changed) - NAMED} more' if len(changed) > NAMED else ''
        text = f'an emcc ran without emroot and wrote to the cache of the SDK itself ({sdk.root / "cache"}: {names}{more})'
        hint = 'something (`env -i`, sudo, SCons, tox) took EM_CONFIG and EM_CACHE out of its environment: have it pass them on'
        print(f'{paint("emroot: warning:", "odd", sys.stderr)} {text}\n  hint: {hint}', file=sys.stderr)
        annotate('warning', 'emroot', f'{text}; {hint}')


def _written(sdk: Sdk) -> dict[str, tuple[int, int]]:
    """What lies in the cache that the SDK's own emcc uses by itself, as far as that is in the SDK."""
    found = {}
    for top in ('', os.path.join('sysroot', 'lib')):
        for directory, below, names in os.walk(sdk.root / 'cache' / top):
            if not top:
                below.clear()
            for path in (os.path.join(directory, name) for name in names if not name.endswith('.lock')):
                with contextlib.suppress(OSError):
                    about = os.stat(path)
                    found[path] = (about.st_mtime_ns, about.st_ino)
    return found
