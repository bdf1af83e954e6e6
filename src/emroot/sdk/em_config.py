"""Configurations of emcc: which one it reads, what else it heeds when it looks for its tools, and which of them emroot wrote."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from ..host.files import read_file
from ..host.home import parse_json

#: Variables that emcc itself uses to find its tools.
_CONFIGURING = ('EM_CONFIG', 'EM_LLVM_ROOT', 'EM_BINARYEN_ROOT', 'EM_NODE_JS', 'EM_LLVM_ADD_VERSION',
                'EM_CLANG_ADD_VERSION')
#: The first line of a configuration from emroot (`cache_directory/emcc_environment.py`); its purpose follows as JSON.
MARK = '# emroot: '


def config_files(root: Path) -> list[str]:
    """The configuration files of emcc, in its order (`tools/config.py: find_config_file`)."""
    return [given_config(), str(root / '.emscripten'), str(root.parent.parent / '.emscripten'),
            os.path.expanduser('~/.emscripten')]


def configuring() -> dict[str, str]:
    """The environment variables that tell emcc where its tools are, without those that emroot set."""
    found = {name: os.environ[name] for name in _CONFIGURING if name in os.environ}
    if found.get('EM_CONFIG'):
        found.pop('EM_CONFIG')
        found.update({'EM_CONFIG': config} if (config := given_config()) else {})
    return found


def given_config() -> str:
    """The user's EM_CONFIG, which emroot's own may have replaced, as an absolute path; empty if there is none."""
    config = os.environ.get('EM_CONFIG', '')
    mark = mark_of(config)
    return str(mark['given']) if mark else config and os.path.abspath(config)


def mark_of(config: str) -> dict[str, Any] | None:
    """The header of emroot's own configurations: `root`, `cache`, `given` (what it replaces), `hooked`."""
    text = read_file(config) if config else None
    if not text or not text.startswith(MARK.encode()):
        return None
    mark = parse_json(text.splitlines()[0][len(MARK):])
    return mark if mark and mark.keys() >= {'root', 'cache', 'given', 'hooked'} else None
