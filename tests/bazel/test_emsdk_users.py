"""Workspaces as users of emsdk's module write them: its rule and feature names, options in `linkopts` and `copts`. Of emroot
there is the load line and the module. And targets for the machine beside them."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from support.sdk_copies import copy_sdk, rewrite
from support.workspace import Workspace, module_file

from emroot.sdk import Sdk

MORE = '''
bazel_dep(name = "rules_cc", version = "0.0.17")
bazel_dep(name = "platforms", version = "0.0.10")
'''
FILES = {
    'MODULE.bazel': module_file(more=MORE),
    # The first program of each mode is what is waited for here.
    '.bazelrc': 'common --noenable_workspace\nbuild --@emroot//bazel:granularity=lazy\n',
    'BUILD.bazel': '''
load("@emroot//bazel:defs.bzl", "wasm_cc_binary", "wasm_cc_test")
load("@rules_cc//cc:cc_binary.bzl", "cc_binary")
load("@rules_cc//cc:cc_library.bzl", "cc_library")
load("@rules_cc//cc:cc_test.bzl", "cc_test")

config_setting(name = "by_cpu", values = {"cpu": "wasm"})
config_setting(name = "by_compiler", values = {"compiler": "emscripten"})
config_setting(name = "by_toolchain", flag_values = {"@bazel_tools//tools/cpp:compiler": "emscripten"})
cc_library(name = "part", srcs = ["part.c"], copts = select({":by_cpu": ["-DCPU"], "//conditions:default": []}) +
    select({":by_compiler": ["-DCOMPILER"], "//conditions:default": []}) +
    select({":by_toolchain": ["-DTOOLCHAIN"], "//conditions:default": []}))
cc_binary(name = "program", srcs = ["main.c"], deps = [":part"])
cc_test(name = "test", srcs = ["main.c"], deps = [":part"])
wasm_cc_test(name = "test_wasm", cc_target = ":test")
wasm_cc_binary(name = "program_wasm", cc_target = ":program", outputs = ["program.js", "program.wasm"])
wasm_cc_binary(name = "renamed_wasm", cc_target = ":program", outputs = ["renamed/app.js", "renamed/app.wasm"])
cc_library(name = "allocator", srcs = ["allocator.c"])
cc_binary(name = "of_the_machine", srcs = ["main.c", "part.c"], features = ["use_pthreads"], malloc = ":allocator",
    local_defines = ["CPU", "COMPILER", "TOOLCHAIN"])
wasm_cc_binary(name = "without_threads", cc_target = ":of_the_machine", threads = "off")
cc_binary(name = "code.tar", srcs = ["code.c"])
wasm_cc_binary(name = "code_wasm", cc_target = ":code.tar")
cc_binary(name = "libpart.so", srcs = ["part.c"], linkshared = True, tags = ["manual"])
wasm_cc_binary(name = "part_wasm", cc_target = ":libpart.so", dynamic = "side", tags = ["manual"])
genrule(name = "named", srcs = ["code_wasm/code.js"], outs = ["named.js"], cmd = "cp $(location code_wasm/code.js) $@")
''',
    'part.c': '''
#if !defined __EMSCRIPTEN__ || defined CPU && defined COMPILER && defined TOOLCHAIN
int part(void) { return sizeof(void *); }
#endif
''',
    'allocator.c': '#ifdef __EMSCRIPTEN__\n#error no allocator for WebAssembly\n#endif\nint allocator;\n',
    'code.c': 'int main(int argc, char **argv) { return argv[argc - 1][0]; }\n',
    'main.c': '#include <stdio.h>\nint part(void);\nint main(void) { printf("pointers of %d bytes\\n", part()); return 0; }\n',
    'hello/BUILD.bazel': '''
load("@emroot//bazel:defs.bzl", "wasm_cc_binary")
load("@rules_cc//cc:cc_binary.bzl", "cc_binary")

cc_binary(name = "hello-world", srcs = ["hello-world.cc"], linkopts = ["--emit-symbol-map"])
wasm_cc_binary(name = "hello-world-wasm", cc_target = ":hello-world",
    outputs = ["hello-world.js", "hello-world.wasm", "hello-world.symbols"])
cc_binary(name = "hello-world-simd", srcs = ["hello-world-simd.cc"])
wasm_cc_binary(name = "hello-world-wasm-simd", cc_target = ":hello-world-simd", simd = "simd128")
wasm_cc_binary(name = "hello-world-wasm-relaxed-simd", cc_target = ":hello-world-simd", simd = "relaxed_simd")

OPTIONS = ["--bind", "-sMODULARIZE", "--pre-js", "hello/interface.js"]
config_setting(name = "debug", values = {"compilation_mode": "dbg"})
cc_binary(
    name = "hello-embind",
    srcs = ["hello-embind.cc"],
    additional_linker_inputs = ["interface.js"],
    features = ["emcc_debug_link"],
    linkopts = select({":debug": OPTIONS + ["--closure=0"], "//conditions:default": OPTIONS}),
    tags = ["manual"],
)
wasm_cc_binary(name = "hello-embind-wasm", cc_target = ":hello-embind")
cc_binary(name = "hello-lto", srcs = ["hello-world.cc"], linkopts = ["-sAUTO_NATIVE_LIBRARIES=0", "-flto"])
wasm_cc_binary(name = "hello-lto-wasm", cc_target = ":hello-lto", outputs = ["hello-lto.js", "hello-lto.wasm"])
cc_binary(name = "hello-thin", srcs = ["hello-world.cc"], copts = ["-flto=thin"],
    linkopts = ["-sAUTO_NATIVE_LIBRARIES=0", "-flto=thin"])
wasm_cc_binary(name = "hello-thin-wasm", cc_target = ":hello-thin", outputs = ["hello-thin.js", "hello-thin.wasm"])
''',
    'hello/hello-world.cc': '''
#include <iostream>
int main() { std::cout << "hello world!" << std::endl; return 0; }
''',
    'hello/hello-world-simd.cc': '''
#include <wasm_simd128.h>
#include <cstdio>
int main() { std::printf("lanes %d\\n", wasm_i32x4_extract_lane(wasm_i32x4_add(wasm_i32x4_splat(40), wasm_i32x4_splat(2)), 3)); }
''',
    'hello/hello-embind.cc': '''
#include <emscripten/bind.h>
#include <string>
class HelloClass {
 public:
  static std::string SayHello(const std::string& name) { return "Yo! " + name; }
};
EMSCRIPTEN_BINDINGS(Hello) { emscripten::class_<HelloClass>("HelloClass").class_function("SayHello", &HelloClass::SayHello); }
''',
    'long/BUILD.bazel': r'''
load("@emroot//bazel:defs.bzl", "wasm_cc_binary")
load("@rules_cc//cc:cc_binary.bzl", "cc_binary")
load("@rules_cc//cc:cc_library.bzl", "cc_library")

NAMES = ["long_command_line_file%d" % n for n in range(20)]
[genrule(name = name + "_files", outs = [name + ".c", "include/%s.h" % name], cmd = "\n".join([
    "echo '#include \"%s.h\"' > $(RULEDIR)/%s.c" % (name, name),
    "echo 'int %s(void) { return 1; }' >> $(RULEDIR)/%s.c" % (name, name),
    "echo 'int %s(void);' > $(RULEDIR)/include/%s.h" % (name, name)])) for name in NAMES]
LIBRARIES = {"%s_%s" % (name, suffix): name for name in NAMES for suffix in "abcdefghij".elems()}
[cc_library(name = library, srcs = [name + ".c"], hdrs = ["include/%s.h" % name], strip_include_prefix = "include")
    for library, name in LIBRARIES.items()]
genrule(name = "main", outs = ["long.c"], cmd = "(%s; echo 'int main(void) { return 20 - (%s); }') > $@" % (
    "; ".join(["echo '#include \"%s.h\"'" % name for name in NAMES]), " + ".join([name + "()" for name in NAMES])))
cc_binary(name = "long_command_line", srcs = ["long.c"], deps = LIBRARIES.keys())
wasm_cc_binary(name = "long_command_line_wasm", cc_target = ":long_command_line", exit_runtime = True,
    outputs = ["long_command_line.js", "long_command_line.wasm"])
wasm_cc_binary(name = "long_wasm", cc_target = ":long_command_line", outputs = [
    "plain/long_command_line.js", "plain/long_command_line.wasm"])
''',
    'hello/interface.js': 'Module["sayHello"] = (name) => Module["HelloClass"]["SayHello"](name);\n',
}


@pytest.mark.default
def test_targets_for_the_machine_and_for_webassembly_are_one_build(kept: Workspace) -> None:
    said = kept.run('test', '--features=c_link', '--test_output=all', '//:all').stdout
    assert sorted(re.findall(r'pointers of (\d) bytes', said)) == ['4', '8']
    assert kept.program(kept.directory / 'bazel-bin/program.js') == 'pointers of 4 bytes\n'
    assert (kept.directory / 'bazel-bin/program').read_bytes().startswith(b'\x7fELF'), 'the machine\'s own'
    assert 'code.wasm' in (kept.directory / 'bazel-bin/named.js').read_text(encoding='utf-8')
    assert kept.program(kept.directory / 'bazel-bin/renamed/app.js') == 'pointers of 4 bytes\n', 'it finds app.wasm'


@pytest.mark.default
def test_a_rule_says_no_to_threads_and_to_an_allocator_of_the_machine(kept: Workspace) -> None:
    actions = kept.actions('mnemonic("CppCompile|CppLink", deps(//:without_threads))', '--features=c_link')['actions']
    assert not [action for action in actions if '-pthread' in action['arguments']]
    links = [action['arguments'] for action in actions if action['mnemonic'] == 'CppLink']
    assert links
    assert not [word for words in links for word in words if 'allocator' in word]
    kept.build('--features=c_link', '//:without_threads')


@pytest.mark.default
def test_links_that_make_what_they_pull_do_not_ask_the_sdk_for_all_libraries(kept: Workspace) -> None:
    """That takes five seconds for each mode. Those of an asked mode are in a repository of their own."""
    kept.run('build', '--features=c_link', '//:program_wasm', '--platforms=@emroot//bazel/platforms:wasm64', '//:code.tar')
    external = Path(kept.run('info', 'output_base').stdout.strip(), 'external')
    fetched = {re.split('[~+]', path.name)[-1] for path in external.iterdir()}  # Bazel 7 writes ~, later ones +
    assert {'emscripten_sdk', 'emscripten_declared'} <= fetched
    assert not [name for name in fetched if name.startswith('emscripten_mode_')]


@pytest.mark.default
@pytest.mark.parametrize('target', [['//:code_wasm'], ['--platforms=@emroot//bazel/platforms:wasm32', '//:code.tar']], ids=str)
def test_a_program_is_run_with_its_arguments_and_its_exit_code_is_told(kept: Workspace, target: list[str]) -> None:
    done = kept.run('run', '--features=c_link', '--features=exit_runtime', *target, '--', 'first', '*', check=False)
    assert done.returncode == ord('*'), done.stderr[-3000:]


@pytest.mark.slow
def test_a_shared_library_becomes_a_side_module(kept: Workspace) -> None:
    kept.build('//:part_wasm')
    assert b'dylink.0' in (kept.directory / 'bazel-bin/part_wasm/libpart.wasm').read_bytes()[:40]


#: What an LLVM that is much older than Emscripten expects has plain emcc say, too (Limits in docs/bazel.md).
OLD_LLVM = 'undefined symbol: __cxa_increment_exception_refcount'
PROGRAMS = ('hello-world-wasm', 'hello-world-wasm-simd', 'hello-world-wasm-relaxed-simd', 'hello-lto-wasm', 'hello-thin-wasm')


def script(workspace: Workspace, target: str, *options: str) -> Path:
    """The JavaScript that a target leaves."""
    return next(path for path in workspace.files(target, *options) if path.suffix == '.js')


@pytest.mark.slow
@pytest.mark.parametrize('mode', ['fastbuild', 'opt'])
def test_programs_of_emsdks_users_build_as_they_are(kept: Workspace, mode: str) -> None:
    done = kept.run('build', '-c', mode, '--keep_going', *(f'//hello:{name}' for name in PROGRAMS), check=False)
    refused = re.findall(r'Linking hello/(\S+) failed', done.stderr)
    assert {*refused} <= {'hello-lto', 'hello-thin'}, done.stderr[-6000:]
    assert done.stderr.count(OLD_LLVM) == len(refused)
    for name in {'hello-world', 'hello-lto', 'hello-thin'} - {*refused}:
        assert kept.program(kept.directory / f'bazel-bin/hello/{name}.js') == 'hello world!\n', name
    assert ':main\n' in (kept.directory / 'bazel-bin/hello/hello-world.symbols').read_text(encoding='utf-8')
    for name in ('hello-world-wasm-simd', 'hello-world-wasm-relaxed-simd'):
        assert kept.program(script(kept, f'//hello:{name}', '-c', mode)) == 'lanes 42\n', name


@pytest.mark.slow
@pytest.mark.parametrize('mode', ['dbg', 'opt'])
def test_embind_as_emsdks_users_have_it(kept: Workspace, tmp_path: Path, mode: str) -> None:
    kept.build('-c', mode, '//hello:hello-embind-wasm')
    user = tmp_path / 'user.js'
    user.write_text(f'require({str(script(kept, "//hello:hello-embind-wasm", "-c", mode))!r})().then('
                    "module => console.log(module.sayHello('emsdk')));", encoding='utf-8')
    assert kept.program(user) == 'Yo! emsdk\n'


@pytest.mark.slow
@pytest.mark.parametrize('options', [(), ('--min_param_file_size=1000',)], ids=['', 'files'])
def test_two_hundred_libraries_are_linked_at_once(kept: Workspace, options: tuple[str, ...]) -> None:
    """By the program's own link and by that of the rule, which adds an option."""
    kept.build('--features=c_link', *options, '//long:long_wasm', '//long:long_command_line_wasm')
    assert [kept.program(kept.directory / f'bazel-bin/long/{name}long_command_line.js') for name in ('', 'plain/')] == ['', '']
    [link] = kept.actions('mnemonic("CppLink", //long:long_command_line_wasm)', '--features=c_link', *options)['actions']
    assert len([word for word in link['arguments'] if 'liblong_command_line_file' in word]) == 200


#: Instead of the Closure compiler, which Debian's SDK does not find: it wants the externs to be there, and tells of them.
CLOSURE = r'''
const fs = require('fs'), words = process.argv.slice(2), told = [];
if (words.includes('--version')) { console.log('Version: v20260101'); process.exit(0); }
const after = (name) => words[words.indexOf(name) + 1];
for (const word of words) if (word.startsWith('--externs=')) told.push(fs.readFileSync(word.slice(10), 'utf8').trim());
const said = `;console.log(${JSON.stringify(told.join())});`;
fs.writeFileSync(after('--js_output_file'), fs.readFileSync(after('--js'), 'utf8') + said);
'''
#: As upstream has it.
FOUND = '''

def get_npm_cmd(name, missing_ok=False):
  return [*config.NODE_JS, utils.path_from_root('node_modules/.bin', name)]
'''
CLOSED = {
    'externs.js': '/** @externs */ var sayHello;\n',
    '.bazelrc': FILES['.bazelrc'], 'main.c': '#include <stdio.h>\nint main(void) { puts("closed"); return 0; }\n',
    'BUILD.bazel': '''
load("@emroot//bazel:defs.bzl", "wasm_cc_binary")
load("@rules_cc//cc:cc_binary.bzl", "cc_binary")
cc_binary(name = "closed", srcs = ["main.c"], additional_linker_inputs = ["externs.js"],
    linkopts = ["--closure=1", "--closure-args=--externs=$(location externs.js)"])
wasm_cc_binary(name = "closed_wasm", cc_target = ":closed", outputs = ["out/closed.js", "out/closed.wasm"])
'''}


@pytest.mark.slow
def test_closure_is_told_of_externs(scratch: Callable[..., Workspace], bazel_sdk: Sdk, tmp_path: Path) -> None:
    root = copy_sdk(bazel_sdk.root, tmp_path / 'sdk')
    shared = root / 'tools/shared.py'
    rewrite(shared, shared.read_text(encoding='utf-8') + FOUND)
    (root / 'node_modules/.bin').mkdir(exist_ok=True)
    (root / 'node_modules/.bin/google-closure-compiler').write_text(CLOSURE, encoding='utf-8')
    files = {**CLOSED, 'MODULE.bazel': module_file(f'sdk(path = "{root}")', more=MORE)}
    workspace = scratch(files, reads=[tmp_path / 'sdk'])
    workspace.build('-c', 'opt', '--features=c_link', f'--sandbox_add_mount_pair={tmp_path}', '//:closed_wasm')
    assert workspace.program(workspace.directory / 'bazel-bin/out/closed.js') == '/** @externs */ var sayHello;\nclosed\n'
