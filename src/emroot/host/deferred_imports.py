"""Importing this defers the standard library's `inspect` until something of it is used.

`dataclasses` imports it for classes without a docstring, which takes a tenth of a command that has nothing to do.
"""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType
from typing import Any


class DeferredModule(ModuleType):
    """In place of a module that is imported when something of it is used."""

    def __getattr__(self, name: str) -> Any:
        if sys.modules.get(self.__name__) is self:
            del sys.modules[self.__name__]
        return getattr(import_module(self.__name__), name)


if 'dataclasses' not in sys.modules:
    sys.modules.setdefault('inspect', DeferredModule('inspect'))
