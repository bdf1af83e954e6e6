"""Build systems of others, run by rules that take tools and flags from the toolchain as rules_foreign_cc does."""

from __future__ import annotations

import pytest
from support.workspace import Workspace, module_file

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
    links = cc_common.create_link_variables(feature_configuration = on, cc_toolchain = cc, is_using_linker = True,
        is_linking_dynamic_library = False)
    env = {}
    for name, action, variables in (("CC", ACTION_NAMES.c_compile, compiles), ("CXX", ACTION_NAMES.cpp_compile, compiles),
                                    ("AR", ACTION_NAMES.cpp_link_static_library, None),
                                    ("LD", ACTION_NAMES.cpp_link_executable, links)):
        env[name] = cc_common.get_tool_for_action(feature_configuration = on, action_name = action)
        if variables:
            env[name + "FLAGS"] = " ".join(cc_common.get_memory_inefficient_command_line(
                feature_configuration = on, action_name = action, variables = variables))
    env["SOURCES"] = ctx.file.configure.dirname
    env["OUT"] = ctx.outputs.outs[0].dirname
    ctx.actions.run_shell(
        command = \'\'\'
export EXT_BUILD_ROOT=$PWD OUT=$PWD/$OUT SOURCES=$PWD/${SOURCES:-.} CC=$PWD/$CC CXX=$PWD/$CXX AR=$PWD/$AR LD=$PWD/$LD
build=$(mktemp -d) && cp -L $SOURCES/*.c* $SOURCES/configure $SOURCES/Makefile.in $build && cd $build
sh ./configure && make all && cp app.* config.log $OUT/\'\'\',
        inputs = depset(ctx.files.srcs + [ctx.file.configure], transitive = [cc.all_files]),
        env = env, outputs = ctx.outputs.outs, use_default_shell_env = True)
    return [DefaultInfo(files = depset(ctx.outputs.outs))]

foreign = rule(_foreign, fragments = ["cpp"], toolchains = use_cc_toolchain(), attrs = {
    "_cc_toolchain": attr.label(default = "@rules_cc//cc:current_cc_toolchain"),
    "configure": attr.label(allow_single_file = True), "srcs": attr.label_list(allow_files = True), "outs": attr.output_list()})
'''
#: As autoconf's ask: what compiles, what links, what does not, and what the preprocessor says.
CONFIGURE = r'''
set -e
log() { echo "$1=$2" >> config.log; }
echo 'int main(void) { return 0; }' > conftest.c
$CC --version | head -1 > version; log version "$(cat version)"
$CC $CCFLAGS -c conftest.c -o conftest.o; log compiles yes
$CC $CCFLAGS $LDFLAGS conftest.c -o conftest.js; log links yes
for name in sqrt no_such_function; do
  printf 'char %s(); int main(void) { return %s(); }\n' $name $name > conftest.c
  if $CC $CCFLAGS $LDFLAGS -Wno-everything conftest.c -o conftest.js 2> conftest.err; then log $name yes; else log $name no; fi
done
printf '#include <limits.h>\nthe_value __EMSCRIPTEN__ LONG_MAX\n' | $CC $CCFLAGS -E - | grep the_value > value
log value "$(cat value)"
sed "s|@CC@|$CC|; s|@CXX@|$CXX|; s|@AR@|$AR|; s|@LD@|$LD|; s|@CCFLAGS@|$CCFLAGS|; s|@CXXFLAGS@|$CXXFLAGS|
s|@LDFLAGS@|$LDFLAGS|" Makefile.in > Makefile
'''
MAKEFILE = '''
all: app.js app.side.wasm
%.o: %.c
\t@CC@ @CCFLAGS@ -MD -MF $*.d -c $< -o $@
%.o: %.cpp
\t@CXX@ @CXXFLAGS@ -MD -MF $*.d -c $< -o $@
libpart.a: lib.o
\trm -f $@ && @AR@ rcs $@ lib.o
app.js: app.o libpart.a
\t@LD@ @LDFLAGS@ app.o -L. -lpart -o $@
app.side.wasm: lib.c
\t@CC@ @CCFLAGS@ -fPIC -sSIDE_MODULE=1 lib.c -o $@
'''
#: As that rule set has CMake: a file with the tools and flags.
CMAKE = r'''
set -e
quoted() { echo "$1" | sed 's/"/\\"/g'; }
cat > tools.cmake <<END
set(CMAKE_SYSTEM_NAME Generic)
set(CMAKE_C_COMPILER "$CC")
set(CMAKE_CXX_COMPILER "$CXX")
set(CMAKE_AR "$AR" CACHE FILEPATH "Archiver")
set(CMAKE_C_FLAGS_INIT "$(quoted "$CCFLAGS")")
set(CMAKE_CXX_FLAGS_INIT "$(quoted "$CXXFLAGS")")
set(CMAKE_EXE_LINKER_FLAGS_INIT "$(quoted "$LDFLAGS")")
END
cat > CMakeLists.txt <<END
cmake_minimum_required(VERSION 3.16)
project(app $(ls app.c > /dev/null 2>&1 && echo C || echo C CXX))
include(CheckFunctionExists)
check_function_exists(strlen HAS_STRLEN)
check_function_exists(no_such_function HAS_NO_SUCH_FUNCTION)
add_library(part STATIC lib.c)
add_executable(app $(ls app.c*))
set_target_properties(app PROPERTIES SUFFIX .js)
target_link_libraries(app part)
END
cmake -S . -B built -DCMAKE_TOOLCHAIN_FILE=$PWD/tools.cmake -DCMAKE_RANLIB= > cmake.log || { cat cmake.log; exit 1; }
grep '^HAS_' built/CMakeCache.txt > config.log
cp Makefile.in Makefile
'''
BUILT = '''
all:
\tcmake --build built
\tcp built/app.* .
'''
BUILD = '''
load("//:foreign.bzl", "foreign")
foreign(name = "foreign", configure = "configure", srcs = glob(["*.c", "*.cpp"]) + ["Makefile.in"],
    outs = ["app.js", "app.wasm", "config.log"])
'''
PROGRAMS = {
    'c': '#include <stdio.h>\nint part(void);\nint main(void) { printf("%d in C\\n", part()); return 0; }\n',
    'cpp': '''#include <iostream>
extern "C" int part(void);
int main() { std::cout << part() << " in C++" << std::endl; return 0; }
''',
}
FILES = {
    'MODULE.bazel': module_file(more=MORE), 'foreign.bzl': RULE,
    **{f'{how}_{language}/{name}': text
       for how, script, make in (('make', CONFIGURE, MAKEFILE), ('cmake', CMAKE, BUILT)) for language, program in PROGRAMS.items()
       for name, text in {'BUILD.bazel': BUILD, 'configure': script, 'Makefile.in': make, f'app.{language}': program,
                          'lib.c': 'int part(void) { return 42; }\n'}.items()},
}
WASM = ('-c', 'opt', '--features=c_link', '--platforms=@emroot//bazel/platforms:wasm64')


def said(kept: Workspace, package: str) -> dict[str, str]:
    """What its configuration found out."""
    log = (kept.directory / 'bazel-bin' / package / 'config.log').read_text(encoding='utf-8')
    return dict(line.split('=', 1) for line in log.splitlines())


def test_a_configure_script_and_make_take_the_toolchains_tools(kept: Workspace) -> None:
    kept.build(*WASM, '//make_c:foreign')
    found = said(kept, 'make_c')
    assert found.pop('version').startswith('emcc ')
    assert found == {'compiles': 'yes', 'links': 'yes', 'sqrt': 'yes', 'no_such_function': 'no',
                     'value': 'the_value 1 9223372036854775807L'}
    assert kept.program(kept.directory / 'bazel-bin/make_c/app.js') == '42 in C\n'


def test_cmake_takes_the_toolchains_tools(kept: Workspace) -> None:
    kept.build(*WASM, '//cmake_c:foreign')
    assert said(kept, 'cmake_c') == {'HAS_STRLEN:INTERNAL': '1', 'HAS_NO_SUCH_FUNCTION:INTERNAL': ''}
    assert kept.program(kept.directory / 'bazel-bin/cmake_c/app.js') == '42 in C\n'


@pytest.mark.parametrize('how', ['make', 'cmake'])
def test_so_do_programs_in_cpp(kept: Workspace, how: str) -> None:
    kept.build(*WASM, '--features=-c_link', f'//{how}_cpp:foreign')
    assert kept.program(kept.directory / f'bazel-bin/{how}_cpp/app.js') == '42 in C++\n'
