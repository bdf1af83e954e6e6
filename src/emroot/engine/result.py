"""What a build came to."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..errors import BuildError
from ..modes import Mode
from ..sdk import Sdk

#: Why a member of an archive needed no compile: the cache directory, a base, the store or a remote has the archive, the store has
#: the object, the object of another compile is the same (`engine/reuse/compile_manifests.py`), or the same compile was run
#: for another member.
REASONS = ('in_cache_directory', 'archive_in_base', 'archive_in_store', 'archive_from_remote', 'in_store', 'same_in_family',
           'compiled_once_in_this_build')


@dataclass(frozen=True)
class Failure:
    """One target that could not be built, and why: the tool's own words and the command that repeats it."""

    target: str
    error: str
    command: str = ''


@dataclass
class ModeResult:
    """Targets of one mode by what became of them."""

    built: list[str] = field(default_factory=list)
    reused: list[str] = field(default_factory=list)
    failed: list[Failure] = field(default_factory=list)
    why: Counter[str] = field(default_factory=Counter)
    """Members of its archives that needed no compile, by what spared them it: one of `REASONS` each."""


@dataclass
class BuildResult:
    """The whole of a build; `to_json` is what `emroot build --json` prints."""

    sdk: Sdk
    cache: Path
    modes: dict[Mode, ModeResult] = field(default_factory=dict)
    compiled: int = 0
    """Compiles that were run."""
    reused: int = 0
    """Members of the requested archives that needed no compile of their own."""
    recognised: int = 0
    """Of the reused, distinct compiles that were found to equal another one (see `engine/reuse/compile_manifests.py`)."""
    seconds: float = 0.0
    cpu_seconds: float = 0.0
    """Processor time of the tools that were run."""
    own_seconds: float = 0.0
    """Processor time of this process itself while jobs ran, but for what the kernel did for it: Python, which does one thing at
    a time."""
    workers: int = 0
    """How many jobs could run at once; 0 if there was nothing to do."""
    busy: float | None = None
    """The part of the workers' time from first compile to last that was spent in jobs (see `Timeline.busy`)."""
    elsewhere: list[str] = field(default_factory=list)
    """What embeds the location of an SDK of the same content that lies elsewhere (`MODE/TARGET`, see `keys/location.py`)."""
    remote: dict[str, Any] | None = None
    """What became of the remote, if one was asked (see `Remote.to_json`)."""
    log: Path | None = None

    @property
    def why(self) -> Counter[str]:
        """The reused of all modes by what spared them their compile: one of `REASONS` each."""
        return sum((made.why for made in self.modes.values()), Counter())

    @property
    def failures(self) -> list[tuple[Mode, Failure]]:
        """All that failed."""
        return [(mode, failure) for mode, result in self.modes.items() for failure in result.failed]

    def raise_for_failures(self) -> None:
        """Raise `BuildError`, with the tools' own words, if anything failed. What did not is built and kept."""
        if failures := self.failures:
            said = [f'cannot build {mode}/{failure.target}: {failure.error}' for mode, failure in failures]
            raise BuildError('\n'.join(said), hint=f'to reproduce: {failures[0][1].command}' if failures[0][1].command else '')

    def to_json(self) -> dict[str, Any]:
        """The contract's document."""
        why = self.why
        modes = {mode.name: {'built': r.built, 'reused': r.reused,
                             'failed': [{'target': f.target, 'error': f.error} for f in r.failed]}
                 for mode, r in self.modes.items()}
        return {'sdk': {'root': str(self.sdk.root), 'version': self.sdk.version, 'digest': self.sdk.digest},
                'cache': str(self.cache), 'modes': modes,
                'objects': {'compiled': self.compiled, 'reused': self.reused, 'recognised': self.recognised,
                            'why': {reason: why[reason] for reason in REASONS}},
                **({'elsewhere': sorted(self.elsewhere)} if self.elsewhere else {}),
                **({'remote': self.remote} if self.remote else {}), 'seconds': round(self.seconds, 3)}
