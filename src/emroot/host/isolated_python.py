"""Start this emroot again: `isolated(MODULE)` gives the command, and this file is the program. `python -m emroot`
would import modules from the current directory (a project's `json.py`), obey PYTHONPATH, and not find an emroot
that is not installed."""

from __future__ import annotations

import importlib.util
import os
import runpy
import sys
from importlib.machinery import SourceFileLoader


def isolated(module: str = 'emroot') -> list[str]:
    """The command that runs a module of this emroot, in any directory; append the arguments."""
    flags = ['-E', '-P', *(['-s'] if sys.flags.no_user_site else []), *(['-B'] if sys.dont_write_bytecode else []),
             *(['-X', 'utf8'] if sys.flags.utf8_mode else [])]
    return [sys.executable, *flags, os.path.abspath(__file__), module]


def _run() -> None:
    here, module = os.path.dirname(os.path.dirname(os.path.abspath(__file__))), sys.argv.pop(1)
    loader = SourceFileLoader('emroot', os.path.join(here, '__init__.py'))
    spec = importlib.util.spec_from_loader('emroot', loader, is_package=True)
    if spec:
        sys.modules['emroot'] = package = importlib.util.module_from_spec(spec)
        loader.exec_module(package)
    runpy.run_module(module, run_name='__main__', alter_sys=True)


if __name__ == '__main__':
    _run()
