"""Programs, static libraries and side modules, in C and in C++: by the build systems of others, run by a rule that takes tools
and flags from the toolchain as rules_foreign_cc does, and by rules_cc."""

from __future__ import annotations

import sysconfig
from pathlib import Path

import pytest
from support.workspace import LOADER, Workspace, module_file

MORE = '''
bazel_dep(name = "rules_cc", version = "0.0.17")
bazel_dep(name = "platforms", version = "0.0.10")
'''
RULE = '''
load("@rules_cc//cc:action_names.bzl", "ACTION_NAMES")
load("@rules_cc//cc:find_cc_toolchain.bzl", "find_cc_toolchain", "use_cc_toolchain")
load("@rules_cc//cc/common:cc_common.bzl", "cc_common")

def _foreign(ctx):
    cc = find_cc_toolchain(ctx)
    on = cc_common.configure_features(ctx = ctx, cc_toolchain = cc, requested_features = ctx.features)
    compiles = cc_common.create_compile_variables(feature_configuration = on, cc_toolchain = cc)
    links, shared = [cc_common.create_link_variables(feature_configuration = on, cc_toolchain = cc, is_using_linker = True,
        is_linking_dynamic_library = shared) for shared in (False, True)]
    env = {}
    for name, action, variables in (("CC", ACTION_NAMES.c_compile, compiles), ("CXX", ACTION_NAMES.cpp_compile, compiles),
                                    ("AR", ACTION_NAMES.cpp_link_static_library, None), ("STRIP", ACTION_NAMES.strip, None),
                                    ("LD", ACTION_NAMES.cpp_link_executable, links),
                                    ("LDSHARED", ACTION_NAMES.cpp_link_dynamic_library, shared)):
        env[name] = cc_common.get_tool_for_action(feature_configuration = on, action_name = action)
        if variables:
            env[name + "FLAGS"] = " ".join(cc_common.get_memory_inefficient_command_line(
                feature_configuration = on, action_name = action, variables = variables))
    env["SOURCES"] = ctx.file.configure.dirname
    env["OUT"] = ctx.outputs.outs[0].dirname
    ctx.actions.run_shell(
        command = \'\'\'
set -e
OUT=$PWD/$OUT SOURCES=$PWD/$SOURCES
export CC=$PWD/$CC CXX=$PWD/$CXX AR=$PWD/$AR LD=$PWD/$LD STRIP=$PWD/$STRIP LDSHAREDFLAGS LDFLAGS CCFLAGS CXXFLAGS
build=$(mktemp -d) && cp -L $SOURCES/* $build && cd $build
sh ./configure > log 2>&1 && make all >> log 2>&1 || { cat log; exit 1; }
cp app.* libpart.a side.wasm config.log $OUT/\'\'\',
        inputs = depset(ctx.files.srcs + [ctx.file.configure], transitive = [cc.all_files]),
        env = env, outputs = ctx.outputs.outs, use_default_shell_env = True)
    return [DefaultInfo(files = depset(ctx.outputs.outs))]

foreign = rule(_foreign, fragments = ["cpp"], toolchains = use_cc_toolchain(), attrs = {
    "_cc_toolchain": attr.label(default = "@rules_cc//cc:current_cc_toolchain"),
    "configure": attr.label(allow_single_file = True), "srcs": attr.label_list(allow_files = True), "outs": attr.output_list()})
'''
FOREIGN = '''
load("//:foreign.bzl", "foreign")
foreign(name = "all_of_it", configure = "configure", srcs = glob(["*"], exclude = ["configure"]),
    outs = ["app.js", "app.wasm", "libpart.a", "side.wasm", "config.log"])
'''
#: As autoconf's ask: what compiles, what links, what does not, and what the preprocessor says.
CONFIGURE = r'''
set -e
log() { echo "$1=$2" >> config.log; }
echo 'int main(void) { return 0; }' > conftest.c
log version "$($CC --version | head -1 | cut -c-5)"
$CC $CCFLAGS -c conftest.c -o conftest.o; log compiles yes
$CC $CCFLAGS $LDFLAGS conftest.c -o conftest.js; log links yes
for name in strlen no_such_function; do
  printf 'char %s(); int main(void) { return %s(); }\n' $name $name > conftest.c
  if $CC $CCFLAGS $LDFLAGS -Wno-everything conftest.c -o conftest.js 2> conftest.err; then log $name yes; else log $name no; fi
done
printf '#include <limits.h>\nthe_value __EMSCRIPTEN__ LONG_MAX\n' | $CC $CCFLAGS -E - | grep the_value > value
log value "$(cat value)"
for name in CC CXX AR LD CCFLAGS CXXFLAGS LDFLAGS LDSHAREDFLAGS; do
  eval "echo \"$name=\$$name\"" | sed 's/"/\\"/g' >> Makefile
done
cat Makefile.in >> Makefile
'''
MAKEFILE = '''
all: app.js side.wasm
%.o: %.c
\t$(CC) $(CCFLAGS) -MD -MF $*.d -c $< -o $@
%.o: %.cpp
\t$(CXX) $(CXXFLAGS) -MD -MF $*.d -c $< -o $@
libpart.a: part.o
\trm -f $@ && $(AR) rcs $@ part.o
app.js: app.o libpart.a
\t$(LD) $(LDFLAGS) app.o -L. -lpart -o $@
side.wasm: CCFLAGS += -fPIC
side.wasm: CXXFLAGS += -fPIC
side.wasm: side.o
\t$(LD) $(LDSHAREDFLAGS) -sSIDE_MODULE=1 side.o -o $@
'''
#: As that rule set has CMake: a file with the tools and flags.
CMAKE = r'''
set -e
quoted() { echo "$1" | sed 's/"/\\"/g'; }
cat > tools.cmake <<END
set(CMAKE_SYSTEM_NAME Emscripten)
set(CMAKE_SYSTEM_PROCESSOR x86_64)
set(CMAKE_C_COMPILER "$CC")
set(CMAKE_CXX_COMPILER "$CXX")
set(CMAKE_AR "$AR" CACHE FILEPATH "Archiver")
set(CMAKE_C_FLAGS_INIT "$(quoted "$CCFLAGS")")
set(CMAKE_CXX_FLAGS_INIT "$(quoted "$CXXFLAGS")")
set(CMAKE_EXE_LINKER_FLAGS_INIT "$(quoted "$LDFLAGS")")
set(CMAKE_SHARED_LINKER_FLAGS_INIT "$(quoted "$LDSHAREDFLAGS")")
END
cmake -S . -B built -DCMAKE_TOOLCHAIN_FILE=$PWD/tools.cmake -DCMAKE_BUILD_TYPE=Release -DCMAKE_RANLIB=
grep '^HAS_' built/CMakeCache.txt | sed 's/:INTERNAL//' > config.log
printf 'all:\n\tcmake --build built --verbose && cp built/app.* built/libpart.a built/side.wasm .\n' > Makefile
'''
CMAKELISTS = '''
cmake_minimum_required(VERSION 3.16)
project(app C CXX)
include(CheckFunctionExists)
check_function_exists(strlen HAS_STRLEN)
check_function_exists(no_such_function HAS_NO_SUCH_FUNCTION)
add_library(part STATIC part.LANGUAGE)
add_library(side SHARED side.LANGUAGE)
set_target_properties(side PROPERTIES PREFIX "")
target_link_options(side PRIVATE -sSIDE_MODULE=1)
add_executable(app app.LANGUAGE)
target_link_libraries(app part)
'''
#: As that rule set has Meson: tools and flags are in the environment, and the user's file says what machine it is for.
SITE, NINJA = Path(sysconfig.get_path('purelib')), Path(sysconfig.get_path('scripts'), 'ninja')
MESON = rf'''
set -e
export CFLAGS="$(echo "$CCFLAGS" | tr '"' "'")" CXXFLAGS="$(echo "$CXXFLAGS" | tr '"' "'")" NINJA={NINJA} PYTHONPATH={SITE}
python3 -m mesonbuild.mesonmain setup built --cross-file machine.ini --buildtype=release
grep HAS_ built/config.h | sed 's/#define //; s/ /=/' > config.log
printf 'all:\n\t%s -C built -v && cp built/app.js built/app.wasm built/libpart.a built/side.wasm .\n' $NINJA > Makefile
'''
MACHINE = '''
[host_machine]
system = 'emscripten'
cpu_family = 'wasm64'
cpu = 'wasm64'
endian = 'little'
'''
MESON_BUILD = '''
project('app', 'c', 'cpp')
found = configuration_data()
foreach name : ['strlen', 'no_such_function']
  found.set10('HAS_' + name.to_upper(), meson.get_compiler('c').has_function(name))
endforeach
configure_file(output: 'config.h', configuration: found)
part = static_library('part', 'part.LANGUAGE', install: true)
executable('app', 'app.LANGUAGE', link_with: part)
executable('side', 'side.LANGUAGE', name_suffix: 'wasm', c_args: '-fPIC', cpp_args: '-fPIC', link_args: '-sSIDE_MODULE=1')
'''
RULES_CC = '''
load("@emroot//bazel:defs.bzl", "wasm_cc_binary")
load("@rules_cc//cc:cc_binary.bzl", "cc_binary")
load("@rules_cc//cc:cc_library.bzl", "cc_library")
cc_library(name = "part", srcs = ["part.LANGUAGE"])
cc_binary(name = "app", srcs = ["app.LANGUAGE"], deps = [":part"])
cc_binary(name = "libside.so", srcs = ["side.LANGUAGE"], linkshared = True)
wasm_cc_binary(name = "app_wasm", arch = "wasm64", cc_target = ":app", outputs = ["app.js", "app.wasm"])
wasm_cc_binary(name = "side_wasm", arch = "wasm64", cc_target = ":libside.so", dynamic = "side", outputs = ["side.wasm"])
filegroup(name = "all_of_it", srcs = [":app_wasm", ":side_wasm"])
'''
C, CPP = ({
    f'app.{language}': app, f'part.{language}': part, f'side.{language}': part,
} for language, app, part in (
    ('c', '#include <stdio.h>\nint part(void);\nint main(void) { printf("%d in C\\n", part()); return 0; }\n',
     '__attribute__((used, visibility("default"))) int part(void) { return 42; }\n'),
    ('cpp', '''#include <iostream>
extern "C" int part(void);
int main() { std::cout << part() << " in C++" << std::endl; return 0; }
''', '''static volatile int seven = 7;
struct Part { int n; Part() : n(6 * seven) {} } static made;
extern "C" __attribute__((used, visibility("default"))) int part(void) { return made.n; }
''')))
SYSTEMS = {
    'configure': {'BUILD.bazel': FOREIGN, 'configure': CONFIGURE, 'Makefile.in': MAKEFILE},
    'cmake': {'BUILD.bazel': FOREIGN, 'configure': CMAKE, 'CMakeLists.txt': CMAKELISTS},
    'meson': {'BUILD.bazel': FOREIGN, 'configure': MESON, 'meson.build': MESON_BUILD, 'machine.ini': MACHINE},
    'rules_cc': {'BUILD.bazel': RULES_CC},
}
#: What the configuration of each finds out.
FOUND = {
    'configure': {'version': 'emcc ', 'compiles': 'yes', 'links': 'yes', 'strlen': 'yes', 'no_such_function': 'no',
                  'value': 'the_value 1 9223372036854775807L'},
    'cmake': {'HAS_STRLEN': '1', 'HAS_NO_SUCH_FUNCTION': ''},
    'meson': {'HAS_STRLEN': '1', 'HAS_NO_SUCH_FUNCTION': '0'},
}
FILES = {
    'MODULE.bazel': module_file(more=MORE), 'foreign.bzl': RULE, 'loader.c': LOADER,
    # The first program of each mode is what is waited for here.
    '.bazelrc': 'common --noenable_workspace\nbuild -c opt --@emroot//bazel:granularity=lazy\n',
    'BUILD.bazel': '''
load("@emroot//bazel:defs.bzl", "wasm_cc_binary")
load("@rules_cc//cc:cc_binary.bzl", "cc_binary")
cc_binary(name = "loader", srcs = ["loader.c"], features = ["c_link"], linkopts = ["-sNODERAWFS"])
wasm_cc_binary(name = "loader_wasm", arch = "wasm64", cc_target = ":loader", dynamic = "main",
    outputs = ["loader.js", "loader.wasm"])
''',
    **{f'{system}_{language}/{name}': text.replace('LANGUAGE', language) for system, files in SYSTEMS.items()
       for language, sources in (('c', C), ('cpp', CPP)) for name, text in {**files, **sources}.items()},
}
READS = [SITE, NINJA]


@pytest.mark.parametrize('language', ['c', 'cpp'])
@pytest.mark.parametrize('system', SYSTEMS)
def test_programs_with_static_libraries_and_side_modules(kept: Workspace, system: str, language: str) -> None:
    platform = [] if system == 'rules_cc' else ['--platforms=@emroot//bazel/platforms:wasm64']
    c_link = '--features=c_link' if language == 'c' else '--features=-c_link'
    kept.build('//:loader_wasm')
    kept.build(*platform, c_link, f'//{system}_{language}:all_of_it')
    made = kept.directory / 'bazel-bin' / f'{system}_{language}'
    assert kept.program(made / 'app.js') == f'42 in {"C" if language == "c" else "C++"}\n'
    assert kept.program(kept.directory / 'bazel-bin/loader.js', str(made / 'side.wasm')) == '42 in a side module\n'
    if system in FOUND:
        log = (made / 'config.log').read_text(encoding='utf-8')
        assert dict(line.split('=', 1) for line in log.splitlines()) == FOUND[system]
        assert (made / 'libpart.a').read_bytes().startswith(b'!<arch>\n')
