"""Starting emroot as a user does, and what came of it."""

from __future__ import annotations

import functools
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from support.forked import Forks, can_be_forked
from support.snapshots import seed
from support.tiers import CANNOT_RUN

SOURCE = Path(__file__).resolve().parents[2] / 'src'
#: How the command line is started.
START = [sys.executable, '-m', 'emroot']
GOLDEN = Path(__file__).resolve().parents[1] / 'golden'
#: Variables of the machine that runs the tests which would decide what emroot does.
HEEDED = ('EM', '_EM', 'EMROOT', 'NINJA', 'GITHUB_ACTIONS', 'GITHUB_STEP_SUMMARY', 'NO_COLOR', 'FORCE_COLOR', 'CLICOLOR')


def cannot_run(reason: str) -> None:
    """Skip the test, saying why; in CI, where everything has to run, fail it."""
    if os.environ.get('CI', '').lower() in ('1', 'true'):
        pytest.fail(f'in CI everything has to run, but this cannot: {reason}')
    pytest.skip(f'{CANNOT_RUN}{reason}')


@dataclass(frozen=True)
class Ran:
    """A command that has ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The one JSON document on standard output."""
        return json.loads(self.out)


def plain_environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """This process's environment without anything that emroot or emcc would heed, plus `extra`."""
    env = {name: value for name, value in os.environ.items() if not name.upper().startswith(HEEDED)}
    return {**env, 'PYTHONPATH': str(SOURCE), **(extra or {})}


@functools.cache
def _forks() -> Forks:
    return Forks(plain_environment())


@dataclass(frozen=True)
class Emroot:
    """The command line with a home and an SDK of its own."""

    home: Path
    sdk: Path | None = None
    prebuilt: bool = False
    """Whether what the SDK's own cache has is used: most tests are about building."""

    def command(self, *arguments: object) -> list[str]:
        """What to start."""
        options = [*(['--sdk', str(self.sdk)] if self.sdk else []), '--home', str(self.home)]
        return [*START, *options, *map(str, arguments)]

    def machine(self, home: Path) -> Emroot:
        """Another machine with the same SDK: what is known of that, without anything that was built."""
        seed(home, self.home, link=False)
        return Emroot(home, self.sdk, self.prebuilt)

    def environment(self, env: Mapping[str, str] | None = None) -> dict[str, str]:
        """What it is started with."""
        ignored = {} if self.prebuilt or not self.sdk or not (self.sdk / 'cache').is_dir() else {'EMROOT_BASE': ''}
        return plain_environment({**ignored, **(env or {})})

    def start(self, *arguments: object, env: Mapping[str, str] | None = None, **options: Any) -> subprocess.Popen[str]:
        """Start it and do not wait."""
        options = {'stdout': subprocess.PIPE, 'stderr': subprocess.PIPE, 'stdin': subprocess.DEVNULL, **options}
        return subprocess.Popen(self.command(*arguments), env=self.environment(env), text=True, **options)

    def __call__(self, *arguments: object, env: Mapping[str, str] | None = None, **options: Any) -> Ran:
        """Run it to its end. Whatever the end, it must not be a traceback. Where nothing but the directory and the environment
        is asked for, it is forked from a process that has loaded emroot: the same for less."""
        command, whole = self.command(*arguments), self.environment(env)
        if command[:3] == START and not options.keys() - {'cwd'} and can_be_forked(whole, command) \
                and whole['PYTHONPATH'] == str(SOURCE):
            ran = Ran(*_forks().run(command[3:], whole, options.get('cwd'), seconds=600))
        else:
            process = self.start(*arguments, env=env, **options)
            with process:
                out, err = process.communicate(timeout=600)
            ran = Ran(process.returncode, out or '', err or '')
        assert 'Traceback' not in ran.err, ran.err
        return ran

    def build(self, *targets: str, features: str = 'wasm32', cache: Path | None = None, code: int = 0, jobs: int = 2,
              **options: Any) -> dict[str, Any]:
        """The document that `emroot build --json` prints."""
        ran = self('build', '--json', '--features', features, '--targets', ','.join(targets), '-j', jobs,
                   *(['--cache', cache] if cache else []), **options)
        assert ran.code == code, ran.err
        document: dict[str, Any] = ran.json
        return document
