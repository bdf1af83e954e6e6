"""The other examples, each a workspace of its own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from support.reference_sdk import ReferenceSdk
from support.workspace import Workspace, libraries, outputs

from emroot.host.home import Home
from emroot.libraries.catalogue import Catalogue
from emroot.modes import parse_mode
from emroot.sdk import Sdk

#: All but `release`, whose SDK is another one: `test_release.py` has its like. And what they declare besides their programs.
EXAMPLES = {'hello': [], 'modes': [], 'modules': [], 'threads': [], 'port': [], 'embind': [],
            'workspace': ['@emscripten_cache//:libraries'],
            'dependency': ['@emscripten_cache//:libraries', '@greeter//:libraries']}
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


@pytest.mark.usefixtures('zlib')
def test_a_port(opened: Callable[[str], Workspace]) -> None:
    workspace = opened('port')
    with workspace.bazel:
        said = workspace.run('test', '-c', 'opt', '--test_output=all', '//:deflate_test').stdout
        assert 'deflated and inflated by zlib 1.' in said


def test_embind(opened: Callable[[str], Workspace]) -> None:
    workspace = opened('embind')
    with workspace.bazel:
        workspace.build('-c', 'opt', '//:shapes_wasm')
        assert workspace.program(script(workspace, '//:shapes_wasm', '-c', 'opt')) == 'a square of 9, 9\n'


@pytest.mark.slow
@pytest.mark.usefixtures('zlib')
@pytest.mark.parametrize('name', EXAMPLES)
def test_every_archive_is_embuilders(open_bazel: Open, checkout: Path, bazel_sdk: Sdk, shared_home: Home, name: str) -> None:
    reference = ReferenceSdk(bazel_sdk)
    sdk = reference.as_sdk(shared_home)
    workspace = open_bazel(checkout / 'examples' / 'bazel' / name, reference=sdk)
    with workspace.bazel:
        programs = workspace.run('query', 'kind("wasm_cc_.* rule", //...)', options=False).stdout.split()
        assert programs
        workspace.run('clean')
        spawns = workspace.build('-c', 'opt', *programs, *EXAMPLES[name])
    made = outputs(spawns, 'EmscriptenLibrary', 'EmscriptenArchive')
    wanted: dict[str, list[str]] = {}
    for mode, target in (name.split('/') for name in libraries(spawns, ran=False)):
        wanted.setdefault(mode, []).append(target)
    catalogue, compared = Catalogue(sdk, shared_home), 0
    for mode, targets in wanted.items():
        listing = catalogue.listing(parse_mode(mode))
        ours = [t for t in targets if t in listing.libraries]  # not ports, whose sources are others'
        expected = reference.build(parse_mode(mode), ours, listing)
        assert {t: made[listing.libraries[t].path] for t in ours} == expected, mode
        compared += len(ours)
    assert compared == len(made)
