"""What users' workspaces have that none of the others here has: attributes of Bazel's rules, and options of its command line."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from support.workspace import LOADER, Workspace, module_file

pytestmark = pytest.mark.slow
MORE = '''
bazel_dep(name = "rules_cc", version = "0.0.17")
bazel_dep(name = "platforms", version = "0.0.10")
'''
WASM = '--platforms=@emroot//bazel/platforms:wasm32'
SAYS = '#include <stdio.h>\nint part(void);\nint main(void) { printf("part %d\\n", part()); return 0; }\n'
FILES = {
    'MODULE.bazel': module_file(more=MORE),
    '.bazelrc': 'common --noenable_workspace\nbuild --features=c_link\n',
    'rules.bzl': r'''
load("@rules_cc//cc:find_cc_toolchain.bzl", "find_cc_toolchain", "use_cc_toolchain")
load("@rules_cc//cc/common:cc_common.bzl", "cc_common")
load("@rules_cc//cc/common:cc_info.bzl", "CcInfo")

def _directory(ctx):
    out = ctx.actions.declare_directory(ctx.label.name)
    ctx.actions.run_shell(outputs = [out], inputs = ctx.files.srcs, command = "cp -L %s %s" % (
        " ".join([file.path for file in ctx.files.srcs]), out.path))
    return [DefaultInfo(files = depset([out]))]
directory = rule(_directory, attrs = {"srcs": attr.label_list(allow_files = True)})

def _program(ctx):
    cc = find_cc_toolchain(ctx)
    on = cc_common.configure_features(ctx = ctx, cc_toolchain = cc, requested_features = ctx.features,
        unsupported_features = ctx.disabled_features)
    _, compiled = cc_common.compile(name = ctx.label.name, actions = ctx.actions, feature_configuration = on, cc_toolchain = cc,
        srcs = ctx.files.srcs)
    linked = cc_common.link(name = ctx.label.name, actions = ctx.actions, feature_configuration = on, cc_toolchain = cc,
        compilation_outputs = compiled, linking_contexts = [dep[CcInfo].linking_context for dep in ctx.attr.deps])
    return [DefaultInfo(executable = linked.executable)]
program = rule(_program, executable = True, fragments = ["cpp"], toolchains = use_cc_toolchain(), attrs = {
    "srcs": attr.label_list(allow_files = True), "deps": attr.label_list(providers = [CcInfo])})
''',
    'BUILD.bazel': r'''
load("@emroot//bazel:defs.bzl", "wasm_cc_binary", "wasm_cc_test")
load("@rules_cc//cc:cc_binary.bzl", "cc_binary")
load("@rules_cc//cc:cc_import.bzl", "cc_import")
load("@rules_cc//cc:cc_library.bzl", "cc_library")
load("@rules_cc//cc:cc_shared_library.bzl", "cc_shared_library")
load("@rules_cc//cc:cc_test.bzl", "cc_test")
load(":rules.bzl", "directory", "program")

# Groups of objects.
cc_library(name = "part", srcs = ["part.c", "unneeded.c"])
cc_library(name = "registers", srcs = ["registers.c"], alwayslink = True)
cc_binary(name = "grouped", srcs = ["says.c"], deps = [":part", ":registers"])
wasm_cc_binary(name = "grouped_wasm", cc_target = ":grouped", exit_runtime = True, outputs = ["grouped.js", "grouped.wasm"])
cc_binary(name = "lacking", srcs = ["says.c"], deps = [":part", ":registers"],
    linkopts = ["-sMALLOC=emmalloc-memvalidate", "-sASSERTIONS=0"])

# A directory of sources.
directory(name = "sources", srcs = ["part.c", "registers.c"])
cc_library(name = "of_directory", srcs = [":sources"])
directory(name = "main_sources", srcs = ["says.c"])
cc_binary(name = "by_directory", srcs = [":main_sources"], deps = [":of_directory"])
wasm_cc_binary(name = "by_directory_wasm", cc_target = ":by_directory", exit_runtime = True,
    outputs = ["by_directory.js", "by_directory.wasm"])

# Made outside of C++ rules, and imported.
genrule(name = "made", srcs = ["part.c"], outs = ["libmade.a"], toolchains = [
    "@bazel_tools//tools/cpp:current_cc_toolchain", "@bazel_tools//tools/cpp:cc_flags"],
    cmd = "$(CC) $(CC_FLAGS) -c $(location part.c) -o part.o && $(AR) rcs $@ part.o")
cc_import(name = "imported", static_library = ":made", alwayslink = True)
cc_test(name = "imports", srcs = ["says.c"], deps = [":imported"])

# What a test framework is like: main is in a library, tests are linked whatever refers to them.
cc_library(name = "framework", srcs = ["says.c"], hdrs = ["framework/framework.h"], strip_include_prefix = "framework",
    include_prefix = "deep/er", linkopts = ["-lm", "-lpthread", "-ldl", "-lrt"])
cc_library(name = "tests", srcs = ["part.c", "registers.c"], alwayslink = True)
cc_test(name = "framed", deps = [":tests", ":framework"])

# Stamps, assembly, definitions with spaces and quotes.
cc_library(name = "stamped", srcs = ["part.c"], linkstamp = "stamp.cc")
cc_binary(name = "stamps", srcs = ["says.c", "assembled.S"], deps = [":stamped"], stamp = 1)
cc_library(name = "defined", srcs = ["defined.c", "forced.h"], local_defines = ['TEXT=\\"a\\ text\\"'], defines = ["NUMBER=(2)"],
    copts = ["-include", "$(location forced.h)"], implementation_deps = [":part"])
cc_test(name = "defines", srcs = ["defines.c"], deps = [":defined"],
    linkopts = ["-sEXPORTED_FUNCTIONS=['_main','_defined']", "'-sEXPORTED_RUNTIME_METHODS=[ccall, cwrap]'"])

# Side modules.
cc_library(name = "side_part", srcs = ["side.c"])
cc_shared_library(name = "side", deps = [":side_part"])
wasm_cc_binary(name = "side_wasm", cc_target = ":side", dynamic = "side", outputs = ["side.wasm"])
cc_binary(name = "loader", srcs = ["loader.c"], linkopts = ["-sNODERAWFS"])
wasm_cc_binary(name = "loader_wasm", cc_target = ":loader", dynamic = "main", outputs = ["loader.js", "loader.wasm"])

# Names.
cc_binary(name = "bin/deep.er", srcs = ["says.c"], deps = [":part"])
wasm_cc_binary(name = "deeper", cc_target = ":bin/deep.er", outputs = ["out/deep.er.js", "out/deep.er.wasm"])
alias(name = "aliased", actual = ":grouped")
filegroup(name = "grouped_files", srcs = [":grouped"])
wasm_cc_binary(name = "by_alias", cc_target = ":aliased", exit_runtime = True)
wasm_cc_binary(name = "by_filegroup", cc_target = ":grouped_files", exit_runtime = True,
    outputs = ["files/grouped.js", "files/grouped.wasm"])
wasm_cc_binary(name = "by_select", cc_target = select({"//conditions:default": ":grouped"}))

# A rule of one's own.
program(name = "custom", srcs = ["says.c"], deps = [":part"])
wasm_cc_binary(name = "custom_wasm", cc_target = ":custom", exit_runtime = True, outputs = ["custom.js", "custom.wasm"])

# Modes of programs.
cc_binary(name = "both", srcs = ["says.c"], deps = [":part"])
wasm_cc_binary(name = "both_wasm", cc_target = ":both", threads = "emscripten", standalone = True)
wasm_cc_binary(name = "prefixed", cc_target = ":both", linkopts = ["--pre-js", "$(location before.js)"],
    additional_linker_inputs = ["before.js"])
wasm_cc_test(name = "small", size = "small", cc_target = ":both", flaky = True, timeout = "short")
cc_binary(name = "mapped", srcs = ["says.c"], deps = [":part"], copts = ["-g4"], linkopts = ["-g4"])
wasm_cc_binary(name = "mapped_wasm", cc_target = ":mapped", outputs = ["mapped.js", "mapped.wasm", "mapped.wasm.map"])
cc_binary(name = "debugged", srcs = ["says.c"], deps = [":part"], copts = ["-g"], linkopts = ["-gseparate-dwarf"])
wasm_cc_binary(name = "debugged_wasm", cc_target = ":debugged",
    outputs = ["debugged.js", "debugged.wasm", "debugged.wasm.debug.wasm"])
''',
    'says.c': SAYS,
    'before.js': 'console.log("before");\n',
    'part.c': 'int part(void) { return 42; }\n',
    'unneeded.c': 'int no_such_function(void);\nint unneeded(void) { return no_such_function(); }\n',
    'registers.c': '#include <stdio.h>\n__attribute__((constructor)) static void registers(void) { puts("registered"); }\n',
    'framework/framework.h': '',
    'stamp.cc': 'extern "C" const char *const stamped = BUILD_HOST;\n',
    'assembled.S': '''
#define RETURNS 7
.globl assembled
.type assembled, @function
assembled:
  .functype assembled () -> (i32)
  i32.const RETURNS
  end_function
''',
    'forced.h': '#define FORCED 40\n',
    'defined.c': 'int part(void);\nconst char *defined(void) { return part() == FORCED + NUMBER ? TEXT : 0; }\n',
    'defines.c': r'''
#include <stdio.h>
const char *defined(void);
int main(void) { printf("%s %d\n", defined(), NUMBER); return 0; }
''',
    'side.c': '__attribute__((used, visibility("default"))) int part(void) { return 42; }\n',
    'loader.c': LOADER,
}
GROUPS = ('--start_end_lib', '--features=supports_start_end_lib')


@pytest.mark.parametrize('target', ['grouped', 'lacking', 'by_directory'])
def test_objects_of_libraries_are_linked_in_groups(kept: Workspace, tmp_path: Path, target: str) -> None:
    """What is needed of them, and all of those that are always linked; as with archives."""
    kept.build(WASM, *GROUPS, f'//:{target}')
    [link] = kept.actions(f'mnemonic("CppLink", //:{target})', WASM, *GROUPS)['actions']
    assert '-Wl,--start-lib' in link['arguments']
    said = kept.program(kept.unpacked(target, tmp_path))
    assert said == ('part 42\n' if target == 'by_directory' else 'registered\npart 42\n')


def test_a_link_with_groups_makes_what_it_needs_of_libraries(kept: Workspace) -> None:
    kept.run('clean')  # what a link said is told again where it comes from a cache
    [made] = re.findall(r'this link compiled (\d+) objects', kept.run('build', WASM, *GROUPS, '//:lacking').stderr)
    assert int(made) < 200, 'of a thousand'


@pytest.mark.parametrize('target', ['grouped', 'by_directory'])
@pytest.mark.parametrize('options', [(), GROUPS], ids=['archives', 'groups'])
def test_rules_link_groups_again_with_their_options(kept: Workspace, target: str, options: tuple[str, ...]) -> None:
    kept.build(*options, f'//:{target}_wasm')
    said = kept.program(kept.directory / f'bazel-bin/{target}.js')
    assert said == ('part 42\n' if target == 'by_directory' else 'registered\npart 42\n')


@pytest.mark.parametrize('arch', ['wasm32', 'wasm64'])
def test_what_tools_make_in_a_genrule_is_imported(kept: Workspace, arch: str) -> None:
    said = kept.run('test', f'--platforms=@emroot//bazel/platforms:{arch}', '--test_output=all', '//:imports').stdout
    assert 'part 42' in said


@pytest.mark.parametrize('options', [
    (), ('--runs_per_test=2',), ('--run_under=nice',), ('--force_pic', '--features=supports_pic'), ('-c', 'dbg'),
    ('--strip=always',), ('--features=layering_check',)], ids='+'.join)
def test_a_framework_has_main_and_its_tests_are_linked(kept: Workspace, options: tuple[str, ...]) -> None:
    said = kept.run('test', WASM, '--test_output=all', *options, '//:framed').stdout
    assert said.index('registered') < said.index('part 42')


def test_options_of_a_rule_name_its_files(kept: Workspace) -> None:
    kept.build('//:prefixed')
    assert kept.program(kept.directory / 'bazel-bin/prefixed/both.js') == 'before\npart 42\n'


def test_stamps_and_assembly(kept: Workspace, tmp_path: Path) -> None:
    kept.build(WASM, '//:stamps')
    assert kept.program(kept.unpacked('stamps', tmp_path)) == 'part 42\n'


def test_definitions_with_spaces_and_quotes(kept: Workspace) -> None:
    for options in ((), ('--min_param_file_size=10', '--features=compiler_param_file')):
        assert 'a text 2' in kept.run('test', WASM, '--test_output=all', *options, '//:defines').stdout


def test_temporary_files_are_saved(kept: Workspace) -> None:
    kept.run('build', WASM, '--save_temps', '//:part')


def test_a_shared_library_of_libraries_is_a_side_module(kept: Workspace) -> None:
    kept.build('//:loader_wasm', '//:side_wasm')
    made = kept.directory / 'bazel-bin'
    assert kept.program(made / 'loader.js', str(made / 'side.wasm')) == '42 in a side module\n'


@pytest.mark.parametrize('target', ['deeper', 'by_alias', 'by_filegroup', 'by_select', 'custom_wasm', 'mapped_wasm',
                                    'debugged_wasm', 'both_wasm'])
def test_programs(kept: Workspace, target: str) -> None:
    kept.build(f'//:{target}')
    scripts = [path for path in kept.files(f'//:{target}') if path.suffix == '.js']
    assert 'part 42\n' in kept.program(scripts[0])


def test_a_program_is_run_without_bazel(kept: Workspace) -> None:
    script = kept.directory / 'started.sh'
    kept.run('run', f'--script_path={script}', '//:by_alias')
    assert 'part 42' in kept.run('run', '--spawn_strategy=local', '--nobuild_runfile_links', '//:by_alias').stdout
    assert 'part 42' in subprocess.run([str(script)], capture_output=True, text=True, check=True).stdout
