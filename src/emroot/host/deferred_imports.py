"""Importing this defers two modules of the standard library until something of them is used.

`dataclasses` imports `inspect` for classes without a docstring, which takes a tenth of a command that has nothing to do;
`pathlib` imports, by way of `urllib.parse`, `ipaddress` for addresses in brackets.
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


for name, importer in (('inspect', 'dataclasses'), ('ipaddress', 'urllib.parse')):
    if importer not in sys.modules:
        sys.modules.setdefault(name, DeferredModule(name))
