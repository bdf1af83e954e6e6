"""The result of a build, recorded by its parts from any thread."""

from __future__ import annotations

import threading
from collections.abc import Mapping

from ..formatting import excerpt
from ..modes import Mode
from .events import ArchiveDone, BuildListener
from .history.timeline import Timeline
from .result import BuildResult, Failure, ReuseReason


class BuildRecorder:
    """The result and the timeline of one build; sends events about targets."""

    def __init__(self, result: BuildResult, timeline: Timeline, listener: BuildListener) -> None:
        self.result, self.timeline, self._listener = result, timeline, listener
        #: The library of each `MODE/TARGET` that was compiled here and is a variant.
        self.families: dict[str, str] = {}
        #: All requested targets, by mode.
        self.requested: dict[Mode, list[str]] = {}
        self._lock = threading.Lock()

    def record_success(self, mode: Mode, target: str, state: str, reused: Mapping[ReuseReason, int], *,
                       location: str = '') -> None:
        """Record a target as `built` or `reused`. `reused` counts the members that needed no compile, by reason. `location` is
        the digest of the SDK location in the target's bytes; empty for none."""
        elsewhere = location not in ('', self.result.sdk.location_key)
        if elsewhere:
            self._listener.note(f'{mode}/{target} comes from an SDK of the same content in another directory, which its '
                               'debug information contains (EMROOT_LOCATION=own builds it again)')
        with self._lock:
            if elsewhere:
                self.result.elsewhere.append(f'{mode}/{target}')
            self.result.reused += sum(reused.values())
            self.result.modes[mode].why.update(reused)
            getattr(self.result.modes[mode], state).append(target)
        if state == 'reused':
            self.timeline.record_reuse('archive', f'{mode}/{target}')
        self._listener.on(ArchiveDone(f'{mode}/{target}', state))

    def record_failure(self, mode: Mode, target: str, failure: Failure) -> None:
        """Record a target that cannot be built."""
        self._listener.note(f'{mode}/{target} cannot be built: {failure.error}')
        with self._lock:
            self.result.modes[mode].failed.append(Failure(target, excerpt(failure.error), failure.command))
        self._listener.on(ArchiveDone(f'{mode}/{target}', 'failed'))
