"""The other examples, each a workspace of its own."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from support.running import cannot_run
from support.workspace import Workspace

from dev.sources import SourceUnavailable, get_source

Open = Callable[..., Workspace]


@pytest.fixture
def opened(open_bazel: Open, checkout: Path) -> Callable[[str], Workspace]:
    """Open an example by name."""
    return lambda name: open_bazel(checkout / 'examples' / 'bazel' / name)


def script(workspace: Workspace, target: str, *options: str) -> Path:
    """The JavaScript that a target leaves."""
    return next(f for f in workspace.files(target, *options) if f.suffix == '.js')


def test_main_and_side_module(opened: Callable[[str], Workspace]) -> None:
    workspace = opened('modules')
    with workspace.bazel:
        workspace.build('-c', 'opt', '//:main_wasm', '//:plugin_wasm')
        assert workspace.program(script(workspace, '//:main_wasm', '-c', 'opt')) == 'the plugin says 42\n'


def test_threads(opened: Callable[[str], Workspace]) -> None:
    workspace = opened('threads')
    with workspace.bazel:
        said = workspace.run('test', '-c', 'opt', '--test_output=all', '//:threads_test').stdout
        assert 'four threads: 10' in said


def test_a_dependency_with_caches_of_its_own(opened: Callable[[str], Workspace]) -> None:
    workspace = opened('dependency')
    with workspace.bazel:
        said = workspace.run('test', '-c', 'opt', '--test_output=all', '//:main_test').stdout
        assert 'greetings to a dependency' in said
        mine = workspace.run('cquery', '--output=files', '@emscripten_cache//:libraries').stdout
        theirs = workspace.run('cquery', '--output=files', '@greeter//:libraries').stdout
        assert [line.split('/emroot-cache/')[1] for line in mine.split()] == ['sysroot/lib/wasm64-emscripten/libal.a']
        assert [line.split('/emroot-cache/')[1] for line in theirs.split()] == ['sysroot/lib/wasm32-emscripten/lto/libhtml5.a']


def test_workspace_file(opened: Callable[[str], Workspace]) -> None:
    """Its libraries have other names than those of modules, and share nothing with them: small ones will do."""
    workspace = opened('workspace')
    with workspace.bazel:
        workspace.build('@emscripten_cache//:libraries')
        assert [f.name for f in workspace.files('@emscripten_cache//:libraries')] == ['libal.a']
        workspace.run('build', '--nobuild', '-c', 'opt', '//:hello_test')


def test_workspace_file_links(opened: Callable[[str], Workspace]) -> None:
    workspace = opened('workspace')
    with workspace.bazel:
        said = workspace.run('test', '-c', 'opt', '--test_output=all', '//:hello_test').stdout
        assert 'hello from a WORKSPACE' in said


def test_a_port(opened: Callable[[str], Workspace], checkout: Path) -> None:
    try:
        source = get_source('zlib')
    except SourceUnavailable as why:
        cannot_run(str(why))
    sources = checkout / 'examples/bazel/port/sources/zlib'
    shutil.copytree(source, sources, dirs_exist_ok=True)
    workspace = opened('port')
    with workspace.bazel:
        said = workspace.run('test', '-c', 'opt', '--test_output=all', '//:deflate_test').stdout
        assert 'deflated and inflated by zlib 1.' in said


def test_embind(opened: Callable[[str], Workspace]) -> None:
    workspace = opened('embind')
    with workspace.bazel:
        workspace.build('-c', 'opt', '//:shapes_wasm')
        assert workspace.program(script(workspace, '//:shapes_wasm', '-c', 'opt')) == 'a square of 9, 9\n'
