"""What is measured: pieces of work, and how each contender goes about them."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from support.bazel.libraries import OBJECTS
from support.reference_sdk import ReferenceSdk

from emroot.modes import Mode, all_modes, parse_mode
from emroot.sdk import Sdk
from emroot.sdk.em_config import configuring

from ..paths import ROOT
from .bazel import IN_MEMORY, BazelBench
from .cmake_project import commands, write_project
from .measure import Step, environment

LINK = 'em++ -O2 -sMEMORY64'
PROGRAM = '#include <iostream>\nint main() { std::cout << "pointers of " << 8 * sizeof(void *) << " bits\\n"; }\n'
C_PROGRAM = '#include <stdio.h>\nint main(void) { printf("pointers of %d bits\\n", (int)(8 * sizeof(void *))); }\n'
#: 6.0.5's libopenmp has a warning flag that LLVM 21 does not know.
NOT_COMPILING = ('libopenmp',)
Begin = Callable[[Path], list[Step]]
"""Prepares an empty directory, untimed, and gives the steps to time in it."""


@dataclass(frozen=True)
class Work:
    """One piece of work, and its contenders by name. The first is emroot."""

    says: str
    contenders: Mapping[str, Begin]

    @property
    def peer(self) -> str:
        """With whom all are compared: the first that is not emroot."""
        return next((name for name in self.contenders if not name.startswith('emroot')), 'emroot')

    def between(self, names: Sequence[str]) -> Work:
        """The same with emroot and these contenders only."""
        chosen = {name: begin for name, begin in self.contenders.items() if name.startswith('emroot') or name in names}
        return Work(self.says, chosen)


class Bench:
    """The contenders' commands for one SDK and one link. emcc and embuilder run in a copy of the SDK, where they may write."""

    def __init__(self, sdk: Sdk, link: list[str], directory: Path, home: Path) -> None:
        self.sdk, self.link, self.directory = sdk, link, directory
        #: emroot's home where it is not to be empty.
        self.home = home
        self._workspaces: list[BazelBench] = []
        directory.mkdir()
        self.reference = ReferenceSdk(sdk).root
        self.source = directory / ('main.cpp' if link[0] == 'em++' else 'main.c')
        self.source.write_text(PROGRAM if link[0] == 'em++' else C_PROGRAM, encoding='utf-8')

    def works(self) -> dict[str, Work]:
        """All that can be measured here, by name."""
        ninja = {'embuilder with ninja': '1'} if shutil.which('ninja') else {}
        builders: dict[str, Mapping[str, str]] = {'embuilder': {}, **{n: {'EMCC_USE_NINJA': v} for n, v in ninja.items()}}
        return {
            'first-link': Work('the first link in a new mode: with nothing known, as by default; with indexes of its libraries; '
                               'with whole libraries; and with whole libraries that were built for another cache directory', {
                'emroot': self._predicted_emroot, 'emroot, indexes known': self._lazy_emroot,
                'emroot, whole libraries': self._first_emroot, 'emroot, whole libraries in its store': self._warm_emroot,
                'emcc': self._first_emcc, **{name: self._first_embuilder(env) for name, env in builders.items()}}),
            'new-cache': Work('whole libraries from the store into a new cache directory, without a link', {
                'emroot': self._new_cache}),
            'noop': Work('a build by name whose libraries are all present; `--for` also resolves the link', {
                'emroot': lambda _: [self.emroot('build', *self.names, '--cache', str(self.filled))],
                'emroot --for': lambda _: [self.emroot('build', '--for', self._line, '--cache', str(self.filled))],
                **{name: self._noop_embuilder(env) for name, env in builders.items()}}),
            'present-link': Work('the link below `emroot run` where no library is missing', {
                'emroot': lambda _: [Step(self._link(self.filled).command, self._below_run)],
                'emcc': lambda _: [self._link(self.filled, frozen=False)]}),
            'libraries': Work('the libraries of the link, without the link, from nothing', {
                'emroot': lambda d: [self.emroot('build', *self.names, home=d / 'home')],
                **{name: self._only_embuilder(env) for name, env in builders.items()}}),
            'modes': Work('the same libraries in all twelve modes, from nothing', {
                'emroot': lambda d: [self.emroot('build', *self._features(all_modes()), *self._named_targets, home=d / 'home')],
                **{name: self._modes_embuilder(env) for name, env in builders.items()}}),
            'system': Work('all of SYSTEM in wasm32, except the libraries that this LLVM cannot compile', {
                'emroot': lambda d: [self.emroot('build', '--features', 'wasm32', '--targets', ','.join(self._system),
                                                  home=d / 'home')],
                **{name: self._system_embuilder(env) for name, env in builders.items()}}),
            'bazel': Work('the same libraries built from nothing in Bazel\'s sandbox, after fetching', {
                'emroot': lambda d: self._bazel.after_clean()(d),
                'emroot object by object': lambda d: self._bazel.after_clean(OBJECTS)(d),
                'emroot object by object, sandboxes in memory': lambda d: self._bazel.after_clean(OBJECTS, IN_MEMORY)(d),
                **{name: self._only_embuilder(env) for name, env in builders.items()}}),
            'bazel-lazy': Work('the first link in a new mode, in a workspace that has linked in another one: Bazel with '
                               '`granularity=lazy` and its sandbox; emcc outside of Bazel', {
                'emroot': self._new_mode_in_bazel, 'emcc': self._first_emcc}),
            'cmake': Work('a CMake project with 15 checks in its configuration and 20 programs, from nothing', {
                'emroot': lambda d: self._project_emroot(d, d), 'emcc': lambda d: self._project_emcc(d, d / 'cache')}),
            'cmake-again': Work('the same project in a new build directory, with the home and the cache directory of the first '
                                'time', {
                'emroot': lambda d: self._project_emroot(d, self._built),
                'emcc': lambda d: self._project_emcc(d, self._filled_by_emcc)}),
            'help': Work('`--help`', {
                'emroot': lambda _: [self.emroot('--help')],
                'embuilder': lambda d: [self.embuilder(d / 'cache', {}, '--help')]}),
            'resolve': Work('the libraries of a link; for emcc, the command line of one compile (`-###`)', {
                'emroot': lambda _: [self.emroot('resolve', '--', *self.link)],
                'emcc': lambda d: [self.emcc(self.filled, *self.link[1:], '-###', '-c', str(self.source))]}),
        }

    @property
    def _line(self) -> str:
        return ' '.join(self.link)

    def emroot(self, *arguments: str, home: Path | None = None) -> Step:
        """emroot's command."""
        command = [sys.executable, '-m', 'emroot', '--sdk', str(self.sdk.root), '--home', str(home or self.home), *arguments]
        chosen = configuring()
        return Step(command, {'PYTHONPATH': str(ROOT / 'src'), 'EMROOT_BASE': '', **chosen})  # to build is what is measured

    def emcc(self, cache: Path, *arguments: str, frozen: bool = False) -> Step:
        """emcc's, or em++'s where that links."""
        return Step([str(self.reference / self.link[0]), *arguments], self._env(cache, frozen=frozen))

    def embuilder(self, cache: Path, env: Mapping[str, str], *arguments: str) -> Step:
        """embuilder's."""
        return Step([*self.sdk.python, str(self.reference / 'embuilder.py'), *arguments], {**self._env(cache), **env})

    def _env(self, cache: Path, *, frozen: bool = False) -> dict[str, str]:
        return {'EM_CONFIG': str(self.reference / '.emscripten'), 'EM_CACHE': str(cache),
                'EM_FROZEN_CACHE': '1' if frozen else '0'}

    def _link(self, cache: Path, *, frozen: bool = True) -> Step:
        return self.emcc(cache, *self.link[1:], str(self.source), '-o', 'main.js', frozen=frozen)

    # --- contenders ---

    def _first_emroot(self, directory: Path) -> list[Step]:
        cache, home = directory / 'cache', directory / 'home'
        return [self.emroot('build', '--for', self._line, '--cache', str(cache), home=home), self._link(cache)]

    def _lazy_emroot(self, directory: Path) -> list[Step]:
        """A home that knows the SDK, its headers and the indexes, as one does after `emroot list` and `emroot index import`."""
        cache, home = directory / 'cache', directory / 'home'
        self._run(self.emroot('index', 'import', str(self.indexes), home=home))
        self._run(self.emroot('resolve', '--', *self.link, home=home))
        return [self._lazy_link(cache, home)]

    def _predicted_emroot(self, directory: Path) -> list[Step]:
        return [self._lazy_link(directory / 'cache', directory / 'home')]

    def _lazy_link(self, cache: Path, home: Path) -> Step:
        """By the emcc of the SDK that emroot is given: it leaves that of the copy alone."""
        link = [str(self.sdk.root / self.link[0]), *self.link[1:], str(self.source), '-o', 'main.js']
        return replace(self.emroot('link', '--cache', str(cache), '--', *link, home=home), says='linked with ')

    def _warm_emroot(self, directory: Path) -> list[Step]:
        return [*self._new_cache(directory), self._link(directory / 'cache')]

    def _new_cache(self, directory: Path) -> list[Step]:
        self.filled  # noqa: B018  # so that the store has everything
        return [self.emroot('build', '--for', self._line, '--cache', str(directory / 'cache'))]

    def _first_emcc(self, directory: Path) -> list[Step]:
        return [self._link(directory / 'cache', frozen=False)]

    def _new_mode_in_bazel(self, directory: Path) -> list[Step]:
        """In a workspace of its own, since `bazel clean` deletes files, which slows down what comes next."""
        self._workspaces.append(BazelBench.of_program(self.sdk, self._needed[0], self.source, directory / 'bazel'))
        return [self._workspaces[-1].build()]

    def _project_emroot(self, directory: Path, kept: Path) -> list[Step]:
        """With the home and cache directory in `kept`."""
        run = ('run', '--cache', str(kept / 'cache'), '--')
        return [self.emroot(*run, *command, home=kept / 'home')
                for command in commands(self.sdk.root / 'emcmake', self._project, directory / 'build', self.link[1:])]

    def _project_emcc(self, directory: Path, cache: Path) -> list[Step]:
        return [Step(command, self._env(cache))
                for command in commands(self.reference / 'emcmake', self._project, directory / 'build', self.link[1:])]

    def _first_embuilder(self, env: Mapping[str, str]) -> Begin:
        def begin(directory: Path) -> list[Step]:
            cache = directory / 'cache'
            return [self.embuilder(cache, env, *self.targets), self._link(cache)]
        return begin

    def _only_embuilder(self, env: Mapping[str, str]) -> Begin:
        return lambda directory: [self.embuilder(directory / 'cache', env, *self.targets)]

    def _modes_embuilder(self, env: Mapping[str, str]) -> Begin:
        targets = self._needed[1]
        return lambda directory: [self.embuilder(directory / 'cache', env, *mode.embuilder_flags, 'build', *targets)
                                  for mode in all_modes()]

    def _system_embuilder(self, env: Mapping[str, str]) -> Begin:
        return lambda directory: [self.embuilder(directory / 'cache', env, 'build', *self._system)]

    def _noop_embuilder(self, env: Mapping[str, str]) -> Begin:
        return lambda directory: [self.embuilder(self._filled_by_embuilder(env), env, *self.targets)]

    # --- what was there before ---

    @cached_property
    def filled(self) -> Path:
        """A cache directory that has what the link needs."""
        self._run(self.emroot('build', '--for', self._line, '--cache', str(self.directory / 'filled')))
        return self.directory / 'filled'

    @cached_property
    def _project(self) -> Path:
        """The sources of a project."""
        write_project(self.directory / 'project')
        return self.directory / 'project'

    @cached_property
    def _built(self) -> Path:
        """A directory with the home and cache directory in which emroot has built the project."""
        directory = self.directory / 'project by emroot'
        for step in self._project_emroot(directory, directory):
            self._run(step)
        return directory

    @cached_property
    def _filled_by_emcc(self) -> Path:
        """A cache directory in which emcc has built the project."""
        directory = self.directory / 'project by emcc'
        for step in self._project_emcc(directory, directory / 'cache'):
            self._run(step)
        return directory / 'cache'

    @cached_property
    def _below_run(self) -> dict[str, str]:
        """What a command below `emroot run` has in its environment."""
        show = [sys.executable, '-c', 'import json, os; print(json.dumps(dict(os.environ)))']
        return dict(json.loads(self._run(self.emroot('run', '--for', self._line, '--cache', str(self.filled), '--', *show))))

    @cached_property
    def _bazel(self) -> BazelBench:
        """A workspace with what the link needs."""
        return BazelBench.of_libraries(self.sdk, *self._needed, self.directory / 'bazel')

    def close(self) -> None:
        """End what was started for all rounds."""
        for workspace in [*self._workspaces, *([self._bazel] if '_bazel' in self.__dict__ else [])]:
            workspace.close()

    @cached_property
    def indexes(self) -> Path:
        """Indexes of what the link needs."""
        self._run(self.emroot('index', 'export', '--for', self._line, '--cache', str(self.directory / 'filled'),
                               '-o', str(self.directory / 'indexes')))
        return self.directory / 'indexes'

    @cached_property
    def _needed(self) -> tuple[Mode, list[str]]:
        """The link's mode and targets."""
        found = json.loads(self._run(self.emroot('resolve', '--json', '--', *self.link)))
        return parse_mode(found['mode']), found['targets']

    @property
    def targets(self) -> list[str]:
        """embuilder's arguments for what the link needs."""
        mode, targets = self._needed
        return [*mode.embuilder_flags, 'build', *targets]

    @property
    def names(self) -> list[str]:
        """emroot's arguments for the same."""
        return ['--features', ','.join(self._needed[0].features), *self._named_targets]

    @property
    def _named_targets(self) -> list[str]:
        return ['--targets', ','.join(self._needed[1])]

    @staticmethod
    def _features(modes: Sequence[Mode]) -> list[str]:
        return [word for mode in modes for word in ('--features', ','.join(mode.features))]

    @cached_property
    def _system(self) -> list[str]:
        """What embuilder calls SYSTEM, but for what this LLVM does not compile: embuilder would stop there."""
        listed = json.loads(self._run(self.emroot('list', '--json', '--features', 'wasm32', 'SYSTEM')))
        return [row['name'] for row in listed['targets'] if row['name'] not in NOT_COMPILING]

    def _filled_by_embuilder(self, env: Mapping[str, str]) -> Path:
        """A cache directory in which embuilder finds everything, kept from one round to the next. With ninja, that takes the
        files of its own build; else the libraries are enough."""
        if not env:
            return self.filled
        cache = self.directory / 'filled-by-ninja'
        if not cache.exists():
            self._run(self.embuilder(cache, env, *self.targets))
        return cache

    def _run(self, step: Step) -> str:
        done = subprocess.run(list(step.command), env=environment(step), stdout=subprocess.PIPE, text=True, check=True)
        return done.stdout
