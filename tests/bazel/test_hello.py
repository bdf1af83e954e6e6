"""The first steps: one program, libraries as its link asks for them."""

from __future__ import annotations

import re

import pytest
from support.workspace import Workspace, libraries

EXAMPLE = 'hello'
pytestmark = pytest.mark.default
#: Targets that Bazel may configure for the program, 470 of its own among them (toolchains for Java).
MOST = 1300


def test_runs_under_node(example: Workspace) -> None:
    example.build('-c', 'opt', '//:hello_wasm')
    script = next(f for f in example.files('//:hello_wasm', '-c', 'opt') if f.suffix == '.js')
    assert example.program(script, 'Bazel') == 'hello, Bazel: pointers of 64 bits\n'


def test_nothing_is_done_twice(example: Workspace) -> None:
    example.build('-c', 'opt', '//:hello_wasm')
    assert example.build('-c', 'opt', '//:hello_wasm') == []


def test_few_targets_are_configured_for_a_program(example: Workspace) -> None:
    """The SDK's 8,000 sources and headers are in a few archives. It is a new server that says how many there are in all."""
    example.run('shutdown', options=False)
    said = example.run('build', '--nobuild', '-c', 'opt', '//:hello_wasm').stderr
    [count] = re.findall(r'Analyzed target //:hello_wasm \(\d+ packages loaded, (\d+) targets configured', said)
    assert 500 < int(count) < MOST, said


def test_passes_as_a_test(example: Workspace) -> None:
    said = example.run('test', '-c', 'opt', '--test_output=all', '//:hello_test').stdout
    assert 'hello, world: pointers of 64 bits' in said
    assert 'PASSED' in said


def test_a_plain_cc_binary_builds_by_platform_alone(example: Workspace) -> None:
    example.build('-c', 'opt', '--platforms=@emroot//bazel/platforms:wasm64', '//:hello')


def test_after_clean_the_disk_cache_has_every_library(example: Workspace) -> None:
    example.run('clean')
    spawns = example.build('-c', 'opt', '//:hello_wasm')
    assert libraries(spawns, ran=False), 'libraries are inputs of the link'
    assert not libraries(spawns), 'all of them come from the disk cache'


def test_an_option_that_features_do_not_tell_is_linked_all_the_same_and_becomes_a_sentence(example: Workspace) -> None:
    done = example.run('test', '-c', 'opt', '//:hello_test', '--linkopt=-lwebsocket.js',
                       '--linkopt=-sMALLOC=emmalloc-memvalidate', '--nocache_test_results')
    [line] = [line for line in done.stderr.splitlines() if line.startswith('emroot: this link compiled ')]
    assert line.endswith('emscripten_deps.cache(features = ["wasm64"], targets = ["auto", "libemmalloc-memvalidate"])')


@pytest.mark.slow
@pytest.mark.parametrize('mode', ['opt', 'dbg'])
def test_a_link_that_makes_what_it_pulls_gives_the_program_of_whole_libraries(example: Workspace, mode: str) -> None:
    options = ('-c', mode, '--platforms=@emroot//bazel/platforms:wasm64')
    programs = set()
    for granularity in ('lazy', 'library'):
        spawns = example.build(*options, f'--@emroot//bazel:granularity={granularity}', '//:hello')
        assert granularity == 'library' or not libraries(spawns, ran=False)
        programs.add((example.directory / 'bazel-bin/hello').read_bytes())
    assert len(programs) == 1
