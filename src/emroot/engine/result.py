"""Results of builds."""

from __future__ import annotations

import enum
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from ..errors import BuildError
from ..modes import Mode
from ..sdk import Sdk


class ReuseReason(enum.StrEnum):
    """Why a member of an archive needed no compile, in the order in which a build checks. The value is its name in JSON; the
    report shows `label` and `description`."""

    label: str
    description: str

    def __new__(cls, value: str, label: str, description: str) -> ReuseReason:
        reason = str.__new__(cls, value)
        reason._value_, reason.label, reason.description = value, label, description
        return reason

    IN_CACHE_DIRECTORY = 'in_cache_directory', 'Already in this cache directory', 'the archive was present and unchanged'
    ARCHIVE_IN_BASE = 'archive_in_base', 'Archive in a base', 'used from a read-only cache directory'
    ARCHIVE_IN_STORE = 'archive_in_store', 'Archive in the store', 'built before, for another cache directory'
    ARCHIVE_FROM_REMOTE = 'archive_from_remote', 'Archive from the remote', 'built on another machine'
    IN_STORE = 'in_store', 'Object in the store', 'the same compile was done before'
    EQUIVALENT = ('same_in_family', 'Equal to a relative',
                  'no macro in which the two compiles differ can occur in the files that they read')
    COMPILED_ONCE = 'compiled_once_in_this_build', 'Compiled once for several', 'the same compile, needed by several archives'


class Failure(NamedTuple):
    """A target that could not be built: the tool's message, and the command that reproduces it."""

    target: str
    error: str
    command: str = ''


@dataclass
class ModeResult:
    """The targets of one mode, by outcome."""

    built: list[str] = field(default_factory=list)
    reused: list[str] = field(default_factory=list)
    failed: list[Failure] = field(default_factory=list)
    why: Counter[ReuseReason] = field(default_factory=Counter)
    """The number of members that needed no compile, by reason."""


@dataclass
class BuildResult:
    """The result of a build; `to_json` is the document of `emroot build --json`."""

    sdk: Sdk
    cache: Path
    modes: dict[Mode, ModeResult] = field(default_factory=dict)
    compiled: int = 0
    """The number of compiles that were run."""
    reused: int = 0
    """The number of members of the requested archives that needed no compile of their own."""
    recognised: int = 0
    """The number of distinct compiles whose object was that of an equivalent one (see `engine/reuse/compile_manifests.py`)."""
    seconds: float = 0.0
    cpu_seconds: float = 0.0
    """Processor time of all tools."""
    workers: int = 0
    """The number of parallel jobs; 0 if there was no work."""
    busy: float | None = None
    """The fraction of the workers' time that jobs took (see `Timeline.busy`)."""
    elsewhere: list[str] = field(default_factory=list)
    """Targets with the path of an SDK of the same content elsewhere (see `keys/location.py`)."""
    remote: dict[str, Any] | None = None
    """Statistics of the remote, if one was used (see `Remote.to_json`)."""
    log: Path | None = None

    @property
    def why(self) -> Counter[ReuseReason]:
        """The number of reused members of all modes, by reason."""
        return sum((made.why for made in self.modes.values()), Counter())

    @property
    def failures(self) -> list[tuple[Mode, Failure]]:
        return [(mode, failure) for mode, result in self.modes.items() for failure in result.failed]

    def raise_for_failures(self) -> None:
        """Raise `BuildError` with the tools' messages if any target failed."""
        if failures := self.failures:
            messages = [f'cannot build {mode}/{failure.target}: {failure.error}' for mode, failure in failures]
            command = failures[0][1].command
            raise BuildError('\n'.join(messages), hint=f'to reproduce: {command}' if command else '')

    def to_json(self) -> dict[str, Any]:
        """The document of `emroot build --json` (see docs/reference/json.md)."""
        why = self.why
        modes = {mode.name: {'built': r.built, 'reused': r.reused,
                             'failed': [{'target': f.target, 'error': f.error} for f in r.failed]}
                 for mode, r in self.modes.items()}
        return {'sdk': {'root': str(self.sdk.root), 'version': self.sdk.version, 'digest': self.sdk.digest},
                'cache': str(self.cache), 'modes': modes,
                'objects': {'compiled': self.compiled, 'reused': self.reused, 'recognised': self.recognised,
                            'why': {reason.value: why[reason] for reason in ReuseReason}},
                **({'elsewhere': sorted(self.elsewhere)} if self.elsewhere else {}),
                **({'remote': self.remote} if self.remote else {}), 'seconds': round(self.seconds, 3)}
