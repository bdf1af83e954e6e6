"""Where SDKs come from. Each module here is one source behind the `Provider` protocol; `sdk/installation.py` does the rest."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

Report = Callable[[str, int, int | None], None]
"""Told as work goes on: what is being done, how much of it is done, and how much there is (None: not known)."""


def silent(what: str, done: int, total: int | None) -> None:
    """A `Report` for those who do not want to know."""


@dataclass(frozen=True, kw_only=True)
class Release:
    """One SDK that a provider can get."""

    version: str
    detail: Any = None
    """What the provider wants to remember between choosing and unpacking."""


@dataclass(frozen=True, kw_only=True)
class Unpacked:
    """An SDK's files in their temporary location. Paths are relative to `tree`."""

    tree: Path
    root: str
    """Where emcc.py is."""
    llvm_root: str
    binaryen_root: str
    cache: str | None = None
    """A cache directory that came with it and that its emcc would not look at by itself."""
    packages: Mapping[str, str] = field(default_factory=dict)
    pristine: Mapping[str, str] = field(default_factory=dict)
    """sha256 of each file that had to be adapted to its location -> sha256 of that file as shipped."""


class Provider(Protocol):
    """A source of SDKs."""

    name: str

    def unusable(self, version: str | None) -> str | None:
        """Why it cannot be used here and now, found out quickly; None if it can, as far as one can tell."""

    def choose(self, version: str | None, work: Path, report: Report) -> Release:
        """The release that `version` (or the start of one; None: the newest) names. `work` is private to the call.

        Raises `SdkError` that names what there is.
        """

    def unpack(self, release: Release, work: Path, dest: Path, report: Report) -> Unpacked:
        """Get it, and unpack it somewhere below `work`, ready to be renamed to `dest`."""


def matches(version: str, wanted: str | None) -> bool:
    """Whether `wanted` names `version`: all of it, or its first numbers (`4.0` names 4.0.23), or anything."""
    return wanted in (None, 'latest', version) or version.startswith(f'{wanted}.')


def order(version: str) -> tuple[int, ...]:
    """Sorts versions by their numbers."""
    return tuple(int(n) if n.isdigit() else 0 for n in version.split('.'))
