"""What a toolchain owes to those who have their own sources, options and machines: one workspace, mostly compiles."""

from __future__ import annotations

import time
from itertools import pairwise

import pytest
from support.workspace import Workspace, module_file

OTHER = '''
bazel_dep(name = "rules_cc", version = "0.0.17")
bazel_dep(name = "platforms", version = "0.0.10")
bazel_dep(name = "other", version = "1")
local_path_override(module_name = "other", path = "other")
'''
FILES = {
    'MODULE.bazel': module_file('cache(targets = ["auto", "zlib"], ports_from = "nowhere")', more=OTHER),
    '.bazelignore': 'other\n',
    '.bazelrc': 'common --noenable_workspace\nbuild --features=c_link\ntest --features=c_link\n',
    'BUILD.bazel': '''
load("@emroot//bazel:defs.bzl", "wasm_cc_binary", "wasm_cc_test")
load("@rules_cc//cc:cc_binary.bzl", "cc_binary")
load("@rules_cc//cc:cc_library.bzl", "cc_library")
load("@rules_cc//cc:cc_shared_library.bzl", "cc_shared_library")
load("@rules_cc//cc:cc_test.bzl", "cc_test")
load(":python.bzl", "python")
cc_library(name = "uses", srcs = ["uses.c"], deps = ["@other"])
cc_library(name = "strays", srcs = ["strays.c"])
cc_library(name = "spaces", srcs = ["a directory/a source.c"])
cc_library(name = "asks", srcs = ["asks.c"])
cc_binary(name = "plain", srcs = ["plain.c"])
cc_test(name = "says", srcs = ["says.c"], deps = [":asks"],
    additional_linker_inputs = ["pre.txt"], args = ["one", "'two three'"],
    data = ["read.txt"], env = {"WRAPPED": "w"}, linkopts = ["--preload-file", "$(location pre.txt)@pre.txt"], linkstatic = True)
wasm_cc_test(name = "says_test", args = ["four"], cc_target = ":says", data = ["read.txt"],
    env = {"FILE": "$(rootpath read.txt)"}, env_inherit = ["INHERITED"])
[(
    python(name = "runtime%d" % minor, interpreter = "plain.c", minor = minor),
    toolchain(name = "python%d" % minor, toolchain = "runtime%d" % minor,
        toolchain_type = "@bazel_tools//tools/python:toolchain_type"),
) for minor in (9, 11)]
platform(name = "bare", constraint_values = ["@platforms//cpu:wasm32", "@platforms//os:none"])
wasm_cc_binary(name = "says_wasm", testonly = True, cc_target = ":says")
genrule(name = "shows", outs = ["shows.sh"], executable = True,
    cmd = "(echo '#!/bin/sh'; echo 'echo runner: $${1##*/} $$2; test -f $$1') > $@")
sh_binary(name = "runner", srcs = [":shows"])
wasm_cc_test(name = "elsewhere", args = ["here"], cc_target = ":plain", linkopts = ["--oformat=html"], runner = ":runner")
genrule(name = "script", outs = ["starts.sh"], cmd = "(echo '#!/bin/sh'; echo 'exec ./$$1 here') > $@", executable = True)
sh_test(name = "starts", srcs = [":script"], args = ["$(rootpath :says_wasm)"], data = [":says_wasm"])
genrule(name = "before", outs = ["before.js"], cmd = "echo 'console.log(`before`);' > $@")
wasm_cc_binary(name = "prefixed", additional_linker_inputs = [":before"], cc_target = ":plain",
    linkopts = ["--pre-js=$(location :before)"], outputs = ["prefixed.js", "prefixed.wasm"])
genrule(name = "named", srcs = [":mapped"], outs = ["named.txt"], cmd = "echo $(location :mapped) > $@")
wasm_cc_binary(name = "mapped", cc_target = ":plain", outputs = ["plain.wasm.map"])
cc_test(name = "reads", srcs = ["reads.c"], args = ["one", "$(rootpath read.txt)"], data = ["read.txt"],
    env = {"OWN": "own"}, shard_count = 2)
cc_binary(name = "reads_program", srcs = ["reads.c"])
wasm_cc_test(name = "reads_wasm", cc_target = ":reads_program", args = ["one", "read.txt"], data = ["read.txt"],
    env = {"OWN": "own"}, shard_count = 2)
genrule(name = "merge", outs = ["merge.sh"], executable = True, cmd = "(echo '#!/bin/sh'; " +
    "echo 'for word; do case $$word in --output_file=*) : > $${word#*=};; esac; done') > $@")
sh_binary(name = "merges", srcs = [":merge"])
genrule(name = "tools", srcs = ["plain.c"], outs = ["tools.txt"] + ["lib%s%d.a" % ("long" * 40, n) for n in range(200)],
    cmd = " && ".join([
        "top=$$PWD && mkdir $(RULEDIR)/elsewhere && cd $(RULEDIR)/elsewhere",
        "$$top/$(CC) -c $$top/$(location plain.c) -MD -MF plain.d -o plain.o && $$top/$(AR) rcs plain.a plain.o",
        "$$top/$(CC) --version > $$top/$(location tools.txt) && $$top/$(NM) plain.a >> $$top/$(location tools.txt)",
        "$$top/$(CC) -E - < plain.d >> $$top/$(location tools.txt)",
        "$$top/$(OBJCOPY) --add-section=mine=plain.d plain.o marked.o && $$top/$(OBJCOPY) --dump-section=mine=same.d marked.o",
        "cmp plain.d same.d",
        "for out in $(OUTS); do test -e $$top/$$out || cp plain.a $$top/$$out; done",
    ]), toolchains = ["@bazel_tools//tools/cpp:current_cc_toolchain"])
cc_library(name = "part", srcs = ["part.c"], hdrs = ["part.h"])
cc_shared_library(name = "shared", deps = [":part"])
cc_binary(name = "linkshared", srcs = ["part.c"], linkshared = True)
[cc_test(name = "uses_" + name, srcs = ["uses_part.c"], deps = [":part"], dynamic_deps = shared) for name, shared in (
    ("shared", [":shared"]), ("dynamic", []))]
cc_library(name = "libraries", srcs = [":tools"], linkstatic = True)
cc_binary(name = "many", srcs = ["many.c"], deps = [":libraries"])
''',
    'many.c': '',
    'part.c': 'int part(void) { return 42; }\n',
    'part.h': 'int part(void);\n',
    'uses_part.c': '#include <stdio.h>\n#include "part.h"\nint main(void) { printf("part %d\\n", part()); return 0; }\n',
    'reads.c': r'''
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
static const char *tests[] = {"some.a", "some.b", "some.c", "other.d"};
int main(int argc, char **argv) {
  char text[20] = {0};
  FILE *file = fopen(argv[2], "r"), *report = fopen(getenv("XML_OUTPUT_FILE"), "w");
  if (!file || !report || !fread(text, 1, 19, file) || strcmp(text, "read")) return 1;
  if (!fopen(getenv("TEST_SHARD_STATUS_FILE"), "w")) return 1;
  fputs("<testsuites/>", report);
  printf("%s, %s:", getenv("OWN"), argv[1]);
  const char *filter = getenv("TESTBRIDGE_TEST_ONLY");
  int shard = atoi(getenv("TEST_SHARD_INDEX")), shards = atoi(getenv("TEST_TOTAL_SHARDS"));
  for (int i = 0, n = 0; i < 4; i++)
    if (!strncmp(tests[i], filter, strlen(filter)) && n++ % shards == shard) printf(" [%s]", tests[i]);
  printf(" and no more");
  return 0;
}
''',
    'python.bzl': '''
def _python(ctx):
    version = struct(major = 3, minor = ctx.attr.minor)
    return platform_common.ToolchainInfo(py3_runtime = struct(
        interpreter = ctx.file.interpreter, files = depset(), interpreter_version_info = version))
python = rule(_python, attrs = {"interpreter": attr.label(allow_single_file = True), "minor": attr.int()})
''',
    'uses.c': '#include "other.h"\nint uses(void) { return OTHER; }\n',
    'strays.c': '#include "{here}/stray.h"\nint strays(void) { return STRAY; }\n',
    'stray.h': '#define STRAY 1\n',
    'plain.c': 'int main(void) { return 0; }\n',
    'a directory/a source.c': 'int spaces(void) { return 0; }\n',
    'pre.txt': 'preloaded',
    'read.txt': 'read',
    'asks.c': '#include <emscripten.h>\nEM_JS(int, asked, (int x), { return 3 * x; });\nint asks(int x) { return asked(x); }\n',
    'says.c': r'''
#include <emscripten.h>
#include <stdio.h>
int asks(int);
EM_JS(int, twice, (int x), { return 2 * x; });
int main(int argc, char **argv) {
  char text[20] = {0};
  FILE *file = fopen("pre.txt", "r");
  if (!file || !fread(text, 1, 19, file)) return 1;
  printf("%s, built %s, %d and %d", text, __DATE__, twice(21), asks(14));
  for (int i = 1; i < argc; i++) printf(" [%s]", argv[i]);
  EM_ASM({ console.log(process.env.WRAPPED, process.env.INHERITED, require('fs').existsSync(process.env.FILE)) });
  printf("\nno newline at the end");
  return 0;
}
''',
    'other/MODULE.bazel': 'module(name = "other", version = "1")\nbazel_dep(name = "rules_cc", version = "0.0.17")\n',
    'other/BUILD.bazel': '''
load("@rules_cc//cc:cc_library.bzl", "cc_library")
cc_library(name = "other", hdrs = ["other.h"], includes = ["."], visibility = ["//visibility:public"])
''',
    'other/other.h': '#define OTHER 1\n',
}
WASM = '--platforms=@emroot//bazel/platforms:wasm32'
SIBLINGS = '--experimental_sibling_repository_layout'


@pytest.mark.parametrize('layout', [[], [SIBLINGS]], ids=['external', 'siblings'])
def test_an_edited_header_of_another_module_is_noticed(kept: Workspace, layout: list[str]) -> None:
    header = kept.directory / 'other/other.h'
    kept.build(WASM, *layout, '//:uses')
    assert kept.build(WASM, *layout, '//:uses') == []
    header.write_text(header.read_text(encoding='utf-8') + '// edited\n', encoding='utf-8')
    assert 'CppCompile' in {spawn['mnemonic'] for spawn in kept.build(WASM, *layout, '//:uses')}


def test_an_absolute_include_is_refused_as_with_any_toolchain(kept: Workspace) -> None:
    done = kept.run('build', WASM, '//:strays', check=False)
    assert 'absolute path inclusion(s) found' in done.stderr
    assert str(kept.directory / 'stray.h') in done.stderr


def test_names_with_spaces_are_names(kept: Workspace) -> None:
    kept.build(WASM, '//:spaces')


def test_compiles_are_found_whose_paths_are_mapped(kept: Workspace) -> None:
    spawns = kept.build(WASM, '--experimental_output_paths=strip', '--modify_execution_info=CppCompile=+supports-path-mapping',
                        '//:uses')
    [words] = [spawn['commandArgs'] for spawn in spawns if spawn['mnemonic'] == 'CppCompile']
    assert [word for word in words if word.startswith('bazel-out/cfg/')], 'mapped'


def test_paths_of_the_links_of_rules_are_mapped(kept: Workspace) -> None:
    """Of those of `cc_binary` Bazel 7 maps none (`test_caches.py`)."""
    spawns = kept.build('--experimental_output_paths=strip', '//:prefixed')
    assert kept.program(kept.directory / 'bazel-bin/prefixed.js') == 'before\n'
    [words] = [spawn['commandArgs'] for spawn in spawns if spawn['mnemonic'] == 'CppLink']
    paths = [word for word in words if 'bazel-out/' in word]
    assert '--pre-js=bazel-out/cfg/bin/before.js' in paths
    assert [word for word in paths if 'bazel-out/cfg/' not in word] == []


def test_headers_of_other_modules_are_the_systems_if_that_is_asked_for(kept: Workspace) -> None:
    [action] = kept.actions('mnemonic("CppCompile", //:uses)', WASM, '--features=external_include_paths')['actions']
    words = action['arguments']
    assert {('-isystem', 'external/other~'), ('-isystem', 'external/other+')} & {*pairwise(words)}


def test_tests_run_when_coverage_is_asked_for(kept: Workspace) -> None:
    """It covers nothing of a program in WebAssembly. What merges reports is Bazel's, and would be downloaded."""
    merging = ('--coverage_output_generator=//:merges', '--coverage_report_generator=//:merges', '--combined_report=none')
    said = kept.run('coverage', WASM, *merging, '--test_output=all', '//:reads', '//:reads_wasm').stdout
    assert said.count('and no more') == 4


def test_a_python_toolchain_that_is_too_old_is_passed_over(kept: Workspace) -> None:
    def python(minor: str) -> str:
        found = kept.actions('mnemonic("EmscriptenHeaders", deps(@emroot//bazel/private/sdk:headers))',
                             f'--extra_toolchains=//:python{minor}')
        program: str = found['actions'][0]['arguments'][0]
        return program
    assert python('11').endswith('plain.c')
    assert python('9').endswith('/python3')


def test_sources_of_a_port_are_looked_for_when_it_is_built(kept: Workspace) -> None:
    """Links of its mode need none: those of the other tests are made without."""
    done = kept.run('build', WASM, '@emscripten_cache//ports:zlib', check=False)
    assert 'ports_from = "nowhere": there is no such directory (looked at ' in done.stderr, done.stderr[-3000:]


def test_the_machines_own_programs_need_neither_python_nor_sdk(kept: Workspace) -> None:
    kept.run('build', '--nobuild', '--repo_env=EMROOT_PYTHON=/bin/false', '--repo_env=EMSDK=/nowhere', '//:plain')


def test_another_systems_platform_is_not_taken_unless_asked(kept: Workspace) -> None:
    bare = ('build', '--nobuild', '--platforms=//:bare', '//:uses')
    assert 'Unable to find a CC toolchain' in kept.run(*bare, check=False).stderr
    kept.run(*bare, '--extra_toolchains=@emroot//bazel/toolchain/any_os:all')


def test_a_test_is_run_as_bazel_runs_one(kept: Workspace) -> None:
    said = kept.run('test', '--test_output=all', '--test_env=INHERITED=i', '//:says_test').stdout
    for line in ('preloaded, built redacted, 42 and 42 [one] [two three] [four]', 'w i true', 'no newline at the end'):
        assert line in said


def test_a_test_may_have_a_runner_of_its_own(kept: Workspace) -> None:
    assert 'runner: plain.html here' in kept.run('test', '--test_output=all', '//:elsewhere').stdout


def test_a_program_is_run_by_bazel_run(kept: Workspace) -> None:
    assert 'preloaded, built redacted, 42 and 42 [one] [two three] [here]' in kept.run('run', '//:says_wasm', '--', 'here').stdout


def test_a_location_is_a_file_in_sources_and_what_runs_the_program_in_data(kept: Workspace) -> None:
    said = kept.run('test', '--test_output=all', '//:starts').stdout
    assert 'preloaded, built redacted, 42 and 42 [one] [two three] [here]' in said
    [action] = kept.actions('mnemonic("Genrule", //:named)')['actions']
    assert 'bin/plain.wasm.map > ' in action['arguments'][-1]


def test_a_test_runs_with_its_files_variables_filter_and_shards(kept: Workspace) -> None:
    """As one of googletest does; one of `cc_test` and one of `wasm_cc_test`."""
    said = kept.run('test', WASM, '--test_output=all', '--test_filter=some', '//:reads', '//:reads_wasm', '//:says').stdout
    for line in ('own, one: [some.a] [some.c] and no more', 'own, one: [some.b] and no more'):
        assert said.count(line) == 2
    for line in ('42 and 42 [one] [two three]', 'no newline at the end'):
        assert line in said
    for test in ('reads', 'reads_wasm'):
        report = kept.directory / f'bazel-testlogs/{test}/shard_1_of_2/test.xml'
        assert report.read_text(encoding='utf-8') == '<testsuites/>', 'the test itself wrote it'


def test_tools_are_compilers_wherever_they_are_started_and_take_arguments_from_files(kept: Workspace) -> None:
    kept.build(WASM, '//:many', '//:tools')  # what is only linked is not fetched from a disk cache
    said = (kept.directory / 'bazel-bin/tools.txt').read_text(encoding='utf-8')
    assert said.startswith('emcc (Emscripten gcc/clang-like replacement')
    assert ' T __original_main' in said or ' T main' in said
    assert 'plain.o:' in said, 'what it reads from its standard input'
    [link] = kept.actions('mnemonic("CppLink", //:many)', WASM)['actions']
    assert sum(map(len, link['arguments'])) > 40_000


def test_shared_libraries_are_linked_into_programs(kept: Workspace) -> None:
    said = kept.run('test', WASM, '--test_output=all', '//:uses_shared', '//:uses_dynamic').stdout
    assert said.count('part 42') == 2
    kept.build(WASM, '//:linkshared')


def test_headers_are_parsed_if_that_is_asked_for(kept: Workspace) -> None:
    anew = f'--copt=-DONCE_{time.time_ns()}'  # what an earlier run has parsed here is not parsed again
    spawns = kept.build(WASM, '--features=parse_headers', '--process_headers_in_dependencies', anew, '//:part')
    [parsed] = [spawn for spawn in spawns if any(path.endswith('/part.h.processed') for path in spawn['listedOutputs'])]
    assert '-fsyntax-only' in parsed['commandArgs']
