"""Where Python keeps what it compiles for these programs: in the directory of `-X emroot_bytecode=DIRECTORY`, if there is one.

Nothing is written into the SDK. Python's own library is used as it comes: `-X pycache_prefix` would have it compiled anew.
"""

from __future__ import annotations

import os
import sys
from importlib import _bootstrap_external

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_LIBRARY = os.path.join(os.path.normcase(os.path.dirname(os.path.abspath(os.__file__))), '')
#: The directory; None if nothing is kept.
DIRECTORY = sys._xoptions.get('emroot_bytecode')


def keep_compiled(directory: object) -> None:
    """Make Python look there for compiled modules, and write them, unless they are its own library's."""
    made = _bootstrap_external.cache_from_source

    def cache_from_source(path: Any, *args: Any, **kwargs: Any) -> str:
        is_pythons = os.path.normcase(path).startswith(_LIBRARY) and '-packages' not in path[len(_LIBRARY):]
        sys.pycache_prefix, sys.dont_write_bytecode = None if is_pythons else str(directory), is_pythons
        return made(path, *args, **kwargs)
    _bootstrap_external.cache_from_source = cache_from_source


if DIRECTORY:
    keep_compiled(DIRECTORY)
