"""Sources of SDKs. Each module is one source behind the `Provider` protocol; `sdk/installation.py` does the rest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from ..steps import Report


@dataclass(frozen=True, kw_only=True)
class Release:
    """An SDK that a provider can download."""

    version: str
    detail: Any = None
    """Data of the provider, from `choose` for `unpack`."""


@dataclass(frozen=True, kw_only=True)
class Unpacked:
    """The unpacked files of an SDK in a temporary directory. Paths are relative to `tree`."""

    tree: Path
    root: str
    """The directory of emcc.py."""
    llvm_root: str
    binaryen_root: str
    cache: str | None = None
    """A cache directory that came with it and that its emcc does not use without configuration."""
    packages: Mapping[str, str] = field(default_factory=dict)
    pristine: Mapping[str, str] = field(default_factory=dict)
    """sha256 of each patched file -> sha256 of the original."""


class Provider(Protocol):
    name: str

    def unusable(self, version: str | None) -> str | None:
        """A quick check: why the provider cannot be used now; None if it probably can."""

    def choose(self, version: str | None, work: Path, report: Report) -> Release:
        """The release `version` (or the newest with this prefix; None: the newest). `work` is private to the
        call. Raises `SdkError` with the available versions."""

    def unpack(self, release: Release, work: Path, dest: Path, report: Report) -> Unpacked:
        """Download it, and unpack it below `work`, ready to be renamed to `dest`."""


def matches(version: str, requested: str | None) -> bool:
    """Whether `version` is `requested`, begins with it (`4.0`: 4.0.23), or `requested` is None."""
    return requested in (None, 'latest', version) or version.startswith(f'{requested}.')


def order(version: str) -> tuple[int, ...]:
    """A sort key: the numbers of a version."""
    return tuple(int(n) if n.isdigit() else 0 for n in version.split('.'))
