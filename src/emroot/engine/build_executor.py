"""Build what a cache directory lacks: plan, jobs, and installation of the files."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from ..cache_directory.base_cache import BaseCache
from ..errors import SdkError
from ..keys.location import Keys, candidate_keys
from ..keys.plan import Archive, Plan, make_plan
from ..libraries.catalogue import Recipe
from ..modes import Mode
from ..store import Blob
from ..symbol_index.storage import KIND as INDEX
from .archives import KIND as ARCHIVE
from .embuilder import KIND as EMBUILDER
from .embuilder import EmbuilderTarget, embuilder_key, expected_seconds
from .execution.background import run_in_background
from .execution.prefetch import MANY, Prefetch, compiles_here
from .result import Failure, ReuseReason
from .schedule import ObjectCollection, Schedule
from .workers import Workers

if TYPE_CHECKING:
    from ..remote.client import Remote
    from ..remote.remote_spec import RemoteSpec
    from .context import BuildContext

#: Expected seconds for a query of a listing.
LISTING = 0.3
#: Kinds of recipes that need no embuilder.
SIMPLE = ('archive', 'copy')


class BuildExecutor:
    """Builds the missing targets of a build and installs them in its cache directory."""

    def __init__(self, build: BuildContext, prefetch: Prefetch | None = None) -> None:
        self.build, self.catalogue, self.store, self.cache = build, build.catalogue, build.store, build.cache
        self.options, self.listener, self.known, self.recorder = build.options, build.listener, build.known, build.recorder
        self.compilers = Workers(build, prefetch)
        self.remote: Remote | None = None
        self._fresh: set[str] = set()

    def run(self, missing: Sequence[tuple[Mode, list[str]]]) -> None:
        """Build the `missing` targets and install them."""
        with self.store, contextlib.closing(self.cache), contextlib.closing(self.compilers), contextlib.ExitStack() as stack:
            if self._are_new(missing):
                self.compilers.load()
            with run_in_background(self.compilers.install):
                recipes, others = self._ask(missing)
            self.build.home.remember_cache(self.cache.root)
            plan = make_plan(self.catalogue.sdk, recipes)
            if self.build.bases:
                plan = self._use_base(recipes, plan)
            keys = {(mode, target): embuilder_key(self.catalogue, mode, target, self.options.port_sources)
                    for mode, target in others}
            if self.options.base:
                keys = self._use_base_files(self.options.base, keys)
            if self.options.remote:
                stack.callback(self._close_remote)
                self._ask_remote(self.options.remote, plan, keys.values())
            for mode, target in keys:
                self._add_embuilder(mode, target)
            self.known.add(plan)
            asked = [mode for mode, targets in missing if targets]
            try:
                with self.compilers.objects(plan) as objects:
                    schedule = Schedule(plan, objects, self.compilers.pool, self.recorder, self._put_archive, self._keys_of,
                                        self.remote.fetched if self.remote else ())

                    def start() -> None:
                        # Targets that embuilder will have to build, judging by the records.
                        schedule.start(sum(not any(self.store.read(EMBUILDER, each) for each, _ in self._keys_of(key, EMBUILDER))
                                           for key in keys.values()))
                        self._list(asked)
                    self.compilers.run(start)
                self._say_restored()
            finally:
                self.known.save()

    def _ask(self, missing: Iterable[tuple[Mode, list[str]]]) -> tuple[list[Recipe], list[tuple[Mode, str]]]:
        """The recipes of the targets that are compiled here, and the targets for embuilder."""
        recipes, others = [], []
        for mode, targets in missing:
            found = self.catalogue.recipes(mode, targets) if self.options.builder == 'source' else {}
            self.recorder.families.update({f'{mode}/{target}': recipe.family for target, recipe in found.items()})
            recipes += [recipe for recipe in found.values() if recipe.how in SIMPLE]
            others += [(mode, target) for target in targets if target not in found or found[target].how not in SIMPLE]
        return recipes, others

    def _list(self, modes: Iterable[Mode]) -> None:
        """Query and cache the listings of modes, for completion and `emroot report`."""
        def ask(mode: Mode, _: int) -> None:
            with contextlib.suppress(SdkError):
                self.catalogue.listing(mode)
        for mode in modes:
            if not self.catalogue.is_cached(mode):
                self.compilers.pool.add(LISTING, partial(ask, mode))

    def _are_new(self, missing: Iterable[tuple[Mode, list[str]]]) -> bool:
        """Whether many libraries will be compiled that this home never built, without a query to the SDK."""
        new = [(mode, target) for mode, targets in missing for target in targets if not self.known.get(mode, target)
               and (not self.catalogue.is_cached(mode) or self.catalogue.listing(mode).library(target))]
        return compiles_here(self.options) and len(new) >= MANY

    def collect_objects(self, plan: Plan) -> dict[str, dict[str, Path]]:
        """Build the objects of a plan without archives. Returns the path of each object by archive and member name. An archive
        with a failed object is left out and recorded as failed."""
        with self.store, contextlib.closing(self.cache), contextlib.closing(self.compilers):
            self.compilers.install()
            with self.compilers.objects(plan) as objects:
                collection = ObjectCollection(plan, objects, self.compilers.pool, self.recorder, self._put_archive, self._keys_of)
                self.compilers.run(collection.start)
                return collection.collected

    def _say_restored(self) -> None:
        """Warn about restored files: another program may have changed them on purpose."""
        if restored := self.cache.restored:
            shown = ', '.join([*sorted(restored)[:3], *(['...'] if len(restored) > 3 else [])])
            count = f'{len(restored)} {"files" if len(restored) > 1 else "file"}'
            self.listener.warn(f'restored {count} that another program changed in {self.cache.root}: {shown}')

    def _put_archive(self, archive: Archive, blob: Blob, state: str, reused: Mapping[ReuseReason, int], location: str) -> None:
        self.cache.put(archive.path, archive.key, blob, self.store, carries=location)
        self.recorder.record_success(archive.mode, archive.target, state, reused, location=location)
        if state == 'built':
            self._upload(archive.key, ARCHIVE, location)
            if self.remote and self.store.read(INDEX, archive.key):
                from ..remote.client import UploadRequest
                self.remote.upload(UploadRequest(INDEX, archive.key, counts=False))

    def _keys_of(self, key: str, what: str) -> Keys:
        return candidate_keys(key, what, self.cache.sdk, own_location=self.options.own_location)

    # --- the base ---

    def _use_base(self, recipes: list[Recipe], plan: Plan) -> Plan:
        """Use archives from the bases. Returns the plan for the rest."""
        left = []
        for recipe, archive in zip(recipes, plan.archives, strict=True):
            based = self.build.find_in_bases(archive)
            if based is None:
                left.append(recipe)
                continue
            base, found = based
            self.cache.refer(archive.path, archive.key, found.file, found.digest, carries=found.location)
            self.listener.note(f'{archive.name} is used from the base {base.root}')
            self.recorder.record_success(archive.mode, archive.target, 'reused',
                                         {ReuseReason.ARCHIVE_IN_BASE: len(archive.members)}, location=found.location)
        self.known.add(plan)
        return make_plan(self.cache.sdk, left)

    def _use_base_files(self, root: Path, keys: Mapping[tuple[Mode, str], str]) -> dict[tuple[Mode, str], str]:
        """The same for outputs of embuilder."""
        base, left = BaseCache(root, self.cache.sdk), {}
        for (mode, target), key in keys.items():
            files = base.files(key, own_location=self.options.own_location)
            for path, found in files.items():
                self.cache.refer(path, key, found.file, found.digest, carries=found.location)
            if files:
                self.known.add_files(mode, target, key, list(files))
                location = next((found.location for found in files.values() if found.location), '')
                self.recorder.record_success(mode, target, 'reused', {}, location=location)
            else:
                left[mode, target] = key
        return left

    # --- the remote ---

    def _ask_remote(self, address: RemoteSpec, plan: Plan, keys: Iterable[str]) -> None:
        """Download what the remote has into the store."""
        from ..remote.client import Remote  # lazy import: most builds have none
        from .remote_requests import archive_requests, embuilder_requests
        self.remote = Remote(address, self.store, self.listener)
        expected, workers = self.compilers.installed.durations.expected, self.compilers.pool.workers
        self.remote.download([*archive_requests(plan, self.store, self._keys_of, expected, workers),
                              *embuilder_requests(keys, self.store, self._keys_of)])

    def _upload(self, key: str, what: str, location: str) -> None:
        """Upload a local result."""
        if self.remote:
            from .remote_requests import upload_of
            self.remote.upload(upload_of(key, what, self.cache.sdk, location_dependent=bool(location)))

    def _close_remote(self) -> None:
        if self.remote:
            self.remote.close()
            self.recorder.result.remote = self.remote.to_json()

    # --- through embuilder ---

    def _add_embuilder(self, mode: Mode, target: str) -> None:
        def run(worker: int) -> None:
            target_build = EmbuilderTarget(self.catalogue, mode, target, lambda key: self._keys_of(key, EMBUILDER),
                                           self.options.port_sources, self.store, self._fresh)
            with self.recorder.timeline.job(worker, 'embuilder', f'{mode}/{target}'):
                headers = self.compilers.installed.context.cache
                made = target_build.make(headers, self.compilers.pool, self.listener, self.options.launcher)
            if isinstance(made, Failure):
                self.recorder.record_failure(mode, target, made)
                return
            for path, blob in made.files.items():
                self.cache.put(path, made.key, blob, self.store, carries=made.location, inputs=made.inputs)
            if made.fresh:
                self._upload(made.key, EMBUILDER, made.location)
            self.known.add_files(mode, target, made.key, list(made.files))
            self.recorder.record_success(mode, target, 'built' if made.fresh else 'reused', {}, location=made.location)
        self.compilers.pool.add(expected_seconds(target, self.catalogue.listing(mode)), run)
