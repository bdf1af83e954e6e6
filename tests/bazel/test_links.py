"""Which libraries links of all kinds get, what a link that lacks some says, and what of its files can be had."""

from __future__ import annotations

import json
import tarfile
from pathlib import Path

import pytest
from support.workspace import Workspace

EXAMPLE = 'hello'
WASM64 = ('-c', 'opt', '--platforms=@emroot//bazel/platforms:wasm64')
MAIN = '#include <stdio.h>\nint main(void) { puts("linked"); return 0; }\n'
BUILD = '''
load("@emroot//bazel:defs.bzl", "wasm_cc_binary")
load("@rules_cc//cc:cc_binary.bzl", "cc_binary")
load("@rules_cc//cc:cc_library.bzl", "cc_library")
load("@rules_cc//cc:cc_test.bzl", "cc_test")
load(":around.bzl", "around")

cc_library(name = "part", srcs = ["part.c"])
cc_test(name = "test", srcs = ["main.c"], deps = [":part"])
cc_binary(name = "dynamic", srcs = ["main.c"], linkstatic = False)
cc_binary(name = "main.v2", srcs = ["main.c"])
wasm_cc_binary(
    name = "told",
    arch = "wasm64",
    cc_target = ":main.v2",
    linkopts = ["-s MALLOC=emmalloc", "--emit-symbol-map"],
    outputs = ["main.v2.js", "main.v2.js.symbols", "main.v2.wasm"],
)
wasm_cc_binary(name = "mapped", cc_target = ":main.v2", outputs = ["main.v2.wasm.map"])
cc_binary(name = "untold", srcs = ["main.c"], linkopts = ["-sASSERTIONS", "-sMALLOC=emmalloc-memvalidate"])
cc_binary(name = "shared", srcs = ["main.c"], deps = [":part"], linkopts = ["-sASSERTIONS", "-sMALLOC=emmalloc"])
[wasm_cc_binary(
    name = "linked%d" % n, arch = "wasm64", cc_target = ":shared", linkopts = options, outputs = outputs, exit_runtime = n == 2,
    standalone = n == 3,
) for n, (options, outputs) in enumerate([
    ([], []), (["-sSTACK_SIZE=131072"], []), ([], []), ([], []), ([], ["shared.js"]),
    (["-sSINGLE_FILE", "--emit-symbol-map"], []), (["-pthread"], []),
])]
around(name = "around", exports = ":shared")
wasm_cc_binary(name = "linked_around", cc_target = ":around", exit_runtime = True)
cc_binary(name = "lto", srcs = ["main.c"], linkopts = ["-flto"])
cc_binary(name = "port", srcs = ["main.c"], linkopts = ["-sUSE_ZLIB"])
cc_binary(name = "compiled", srcs = ["main.c"], copts = ["--use-port=zlib"])
'''
#: A rule that puts a program into another configuration, as other modules have them.
AROUND = '''
_changed = transition(
    implementation = lambda settings, attr: {"//command_line_option:copt": ["-DAROUND"]},
    inputs = [],
    outputs = ["//command_line_option:copt"],
)
def _around(ctx):
    out = ctx.actions.declare_file(ctx.label.name)
    ctx.actions.symlink(output = out, target_file = ctx.attr.exports[0][DefaultInfo].files_to_run.executable)
    return [DefaultInfo(executable = out)]
around = rule(_around, attrs = {"exports": attr.label(cfg = _changed)}, executable = True)
'''


@pytest.fixture(scope='module')
def links(example: Workspace) -> Workspace:
    """The example, with a package of programs that are linked in many ways. The next run's copy of the example has it not."""
    package = example.directory / 'links'
    package.mkdir(exist_ok=True)
    for name, text in {'BUILD.bazel': BUILD, 'around.bzl': AROUND, 'main.c': MAIN, 'part.c': 'int part;\n'}.items():
        (package / name).write_text(text, encoding='utf-8')
    return example


def failing(links: Workspace, target: str) -> str:
    """What a build that fails says."""
    done = links.run('build', *WASM64, target, check=False)
    assert done.returncode != 0
    assert 'Traceback' not in done.stderr
    return done.stderr


@pytest.mark.parametrize('target', ['test', 'dynamic'])
def test_dynamic_links_get_their_libraries_by_platform_alone(links: Workspace, target: str, tmp_path: Path) -> None:
    links.build(*WASM64, f'//links:{target}')
    assert links.program(links.unpacked(f'links/{target}', tmp_path)) == 'linked\n'


def test_options_of_a_program_bring_their_libraries_and_its_files_can_be_had(links: Workspace) -> None:
    links.build('-c', 'opt', '//links:told')
    script, symbols, _ = links.files('//links:told', '-c', 'opt')
    assert links.program(script) == 'linked\n'
    assert ':main\n' in symbols.read_text(encoding='utf-8')


def test_what_a_target_alone_asks_for_is_made_by_its_link_and_one_line_has_it_shared(links: Workspace, tmp_path: Path) -> None:
    said = links.run('build', *WASM64, '//links:untold').stderr
    line = next(line for line in said.splitlines() if line.startswith('emroot: this link compiled '))
    assert 'emscripten_deps.cache(features = ["wasm64"], targets = ["auto", ' in line
    assert all(f'"{target}"' in line for target in ('libc-debug', 'libstubs-debug', 'libemmalloc-memvalidate'))
    assert links.program(links.unpacked('links/untold', tmp_path)) == 'linked\n'


@pytest.mark.slow
def test_a_mode_that_a_target_alone_asks_for_is_made_by_its_link(links: Workspace, tmp_path: Path) -> None:
    said = links.run('build', *WASM64, '//links:lto').stderr
    assert 'of mode wasm64-lto by itself; ' in said
    assert 'say the mode to Bazel: `lto = "full"` of wasm_cc_binary, or --features=lto\n' in said
    assert links.program(links.unpacked('links/lto', tmp_path)) == 'linked\n'


@pytest.mark.parametrize('target', ['port', 'compiled'])
def test_a_port_that_is_not_declared_is_named(links: Workspace, target: str) -> None:
    said = failing(links, f'//links:{target}')
    assert 'emscripten_deps.cache(features = ["wasm64"], targets = ["auto", "zlib"])' in said
    assert 'deps = ["@emscripten_cache//ports:zlib"]' in said


def test_what_is_of_links_alone_compiles_nothing_once_more(links: Workspace) -> None:
    def compiled(last: int) -> int:
        programs = ' + '.join(f'//links:linked{n}' for n in range(last + 1))
        return len(links.actions(f'mnemonic("CppCompile", deps({programs}))')['actions'])
    assert compiled(0) == 2
    assert compiled(5) == 2
    assert compiled(6) == 4, 'threads are for compiles, too'


def test_options_of_a_program_decide_about_the_libraries_of_its_rule(links: Workspace) -> None:
    text = links.run('aquery', '--output=text', '-c', 'opt', 'mnemonic("CppLink", //links:linked0)').stdout
    for library in ('libc-debug.a', 'libemmalloc-debug.a'):
        assert f'wasm64-emscripten/{library}' in text
    assert 'libdlmalloc' not in text
    assert '/_objs/shared/' in text


def test_a_program_may_be_in_another_rule(links: Workspace) -> None:
    [link] = links.actions('mnemonic("CppLink", //links:linked_around)')['actions']
    assert '-sEXIT_RUNTIME' in link['arguments']
    compiles = links.actions('mnemonic("CppCompile", deps(//links:linked_around))')['actions']
    assert compiles
    assert all('-DAROUND' in compile_['arguments'] for compile_ in compiles)


@pytest.mark.parametrize(('target', 'files'), [
    ('linked0', ['shared.js', 'shared.wasm']), ('linked5', ['shared.js', 'shared.symbols'])])
def test_without_outputs_there_is_what_the_link_leaves(links: Workspace, target: str, files: list[str]) -> None:
    found = links.run('cquery', '--output=files', f'//links:{target}').stdout.split()
    assert [path.partition(f'/{target}/')[2] for path in found] == files


def test_features_reach_a_program_whose_attributes_say_nothing(links: Workspace) -> None:
    actions = links.actions('mnemonic("CppCompile", deps(//links:told))', '--features=wasm_simd')['actions']
    assert any('-msimd128' in action['arguments'] for action in actions)


@pytest.mark.slow
def test_a_program_is_stripped(links: Workspace) -> None:
    links.build(*WASM64, '-c', 'dbg', '//links:dynamic', '//links:dynamic.stripped')
    whole, stripped = (links.directory / 'bazel-bin/links' / name for name in ('dynamic', 'dynamic.stripped'))
    with tarfile.open(whole) as one, tarfile.open(stripped) as other:
        assert one.getnames() == other.getnames() == ['dynamic.js', 'dynamic.wasm']
        sizes = [[member.size for member in tar.getmembers()] for tar in (one, other)]
    assert sizes[0][0] == sizes[1][0], 'JavaScript stays'
    assert sizes[0][1] > sizes[1][1]


@pytest.mark.slow
def test_debug_information_of_objects_is_split_off_and_joined(links: Workspace) -> None:
    links.build(*WASM64, '--fission=yes', '//links:dynamic', '//links:dynamic.dwp')
    whole, joined = (links.directory / 'bazel-bin/links' / name for name in ('dynamic', 'dynamic.dwp'))
    assert b'main.c' in joined.read_bytes()
    assert b'.debug_info.dwo' in joined.read_bytes()
    assert b'main.dwo' in whole.read_bytes(), 'where it says that the rest is'
    assert b'.debug_info.dwo' not in whole.read_bytes()


@pytest.mark.slow
def test_source_maps_name_sources_as_they_lie_in_the_workspace(links: Workspace) -> None:
    links.build('--features=source_maps', '//links:mapped')
    names = json.loads((links.directory / 'bazel-bin/links/main.v2.wasm.map').read_text(encoding='utf-8'))['sources']
    assert 'links/main.c' in names
    assert not [name for name in names if name.startswith('..') or str(links.directory) in name or 'sandbox' in name]
