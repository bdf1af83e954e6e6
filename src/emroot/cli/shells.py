"""What emroot knows of each shell: how it sets an environment variable, and whether there is a completion script for it."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Shell:
    assignment: Callable[[str, str], str]
    """The line that sets a variable (name, value) for the commands after it."""
    completes: bool = True
    """Whether `completions/emroot.NAME` is its script."""


def _posix(name: str, value: str) -> str:
    import shlex  # lazy import: `emroot env` alone
    return f'export {name}={shlex.quote(value)}\n'


def _fish(name: str, value: str) -> str:
    quoted = value.replace('\\', '\\\\').replace("'", "\\'")
    return f"set -gx {name} '{quoted}'\n"


def _powershell(name: str, value: str) -> str:
    quoted = value.replace("'", "''")
    return f"$env:{name} = '{quoted}'\n"


def _cmd(name: str, value: str) -> str:
    return f'set "{name}={value}"\n'


SHELLS = {
    'bash': Shell(_posix),
    'zsh': Shell(_posix),
    'fish': Shell(_fish),
    'powershell': Shell(_powershell),
    'cmd': Shell(_cmd, completes=False),
}


def default_shell() -> str:
    return 'powershell' if os.name == 'nt' else 'bash'
