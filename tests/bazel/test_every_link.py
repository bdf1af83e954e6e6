"""Every target links, whatever its own options ask for, and nobody has to declare anything."""

from __future__ import annotations

import re
import subprocess
import tarfile
from collections.abc import Mapping
from pathlib import Path

import pytest
from support.workspace import Workspace, module_file

from emroot.bazel.source_archives import MEMORY

MORE = '''
bazel_dep(name = "rules_cc", version = "0.0.17")
bazel_dep(name = "platforms", version = "0.0.10")
'''
C = r'''
#include <stdio.h>
#include <stdlib.h>
int main(int argc, char **argv) {
  char *text = malloc(100);
  for (int i = 0; i < 99; i++) text[i] = 'x';
  text[argc] = 0;
  printf("linked %s %d\n", text, (int)sizeof(text));
  free(text);
  return 0;
}
'''
#: What each program is of besides, and what its own attributes say. `both` are copts and linkopts.
LINES: Mapping[str, Mapping[str, list[str]]] = {
    'O1': {'both': ['-O1']}, 'O3': {'both': ['-O3']}, 'Os': {'linkopts': ['-Os']}, 'Oz': {'both': ['-Oz']},
    'assertions': {'linkopts': ['-sASSERTIONS=1']}, 'more_assertions': {'linkopts': ['-sASSERTIONS=2']},
    'no_assertions': {'linkopts': ['-sASSERTIONS=0']}, 'emmalloc': {'linkopts': ['-s', 'MALLOC=emmalloc']},
    'emmalloc_debug': {'linkopts': ['-sMALLOC=emmalloc-debug']},  # embuilder lists no such library with assertions
    'mimalloc': {'linkopts': ['-sMALLOC=mimalloc', '-sALLOW_MEMORY_GROWTH']},
    'pthread': {'both': ['-pthread']}, 'use_pthreads': {'copts': ['-pthread'], 'linkopts': ['-s USE_PTHREADS=1']},
    'proxied': {'both': ['-pthread'], 'linkopts': ['-sPROXY_TO_PTHREAD', '-sEXIT_RUNTIME']},
    'workers': {'both': ['-sWASM_WORKERS']}, 'shared_memory': {'both': ['-sSHARED_MEMORY']},
    'fetch': {'linkopts': ['-sFETCH']}, 'asan': {'both': ['-fsanitize=address']},
    'ubsan': {'both': ['-fsanitize=undefined']}, 'lsan': {'both': ['-fsanitize=leak']},
    'lto': {'both': ['-flto']}, 'lto_at_links': {'linkopts': ['-flto']}, 'thinlto': {'both': ['-flto=thin']},
    'wasm64': {'both': ['-m64']}, 'wasm64_lto': {'both': ['-m64', '-flto']},
    'main_module': {'copts': ['-fPIC'], 'linkopts': ['-sMAIN_MODULE=2']},
    'standalone': {'linkopts': ['-sSTANDALONE_WASM']}, 'wasmfs': {'linkopts': ['-sWASMFS']},
    'noderawfs': {'linkopts': ['-sNODERAWFS']}, 'webgl2': {'linkopts': ['-sMAX_WEBGL_VERSION=2']},
    'es3': {'linkopts': ['-sFULL_ES3']}, 'openal': {'linkopts': ['-lopenal']}, 'exit_runtime': {'linkopts': ['-sEXIT_RUNTIME=1']},
    'growth': {'linkopts': ['-sALLOW_MEMORY_GROWTH']}, 'single_file': {'linkopts': ['-sSINGLE_FILE']},
    'asyncify': {'linkopts': ['-sASYNCIFY']}, 'longjmp': {'both': ['-sSUPPORT_LONGJMP=wasm']},
    'no_long_double': {'linkopts': ['-sPRINTF_LONG_DOUBLE=0']}, 'safe_heap': {'linkopts': ['-sSAFE_HEAP=1']},
    'stack_checks': {'linkopts': ['-sSTACK_OVERFLOW_CHECK=2']}, 'source_map': {'both': ['-gsource-map']},
    'minimal': {'linkopts': ['-sENVIRONMENT=node', '-sSTRICT']}, 'simd': {'both': ['-msimd128']},
    'size_feature': {'features': ['optimized_for_size']}, 'threads_feature': {'features': ['use_pthreads']},
    'asan_feature': {'features': ['wasm_asan']}, 'embind': {'linkopts': ['--bind'], 'features': ['-c_link']},
    'js_library': {'linkopts': ['-lwebsocket.js', '-lidbfs.js']},
}
#: Those that every run of the tests tries.
SLICE = ('emmalloc', 'pthread')


def _rule(name: str, said: Mapping[str, list[str]]) -> str:
    both = said.get('both', [])
    copts, linkopts = [*both, *said.get('copts', [])], [*both, *said.get('linkopts', [])]
    return (f'cc_binary(name = "{name}", srcs = ["main.c"], copts = {copts}, linkopts = {linkopts}, '
            f'features = {said.get("features", [])})\n')


FILES = {
    'MODULE.bazel': module_file(more=MORE), 'main.c': C,
    'BUILD.bazel': 'load("@rules_cc//cc:cc_binary.bzl", "cc_binary")\n' + ''.join(_rule(*line) for line in LINES.items()),
}
WASM = ('--features=c_link', '--platforms=@emroot//bazel/platforms:wasm32')


def run(workspace: Workspace, name: str, to: Path) -> str:
    """What a program says that was built."""
    to.mkdir()
    with tarfile.open(workspace.directory / 'bazel-bin' / name) as tar:
        for member in tar.getmembers():
            content = tar.extractfile(member)
            (to / member.name).write_bytes(content.read() if content else b'')
    done = subprocess.run([workspace.node, str(to / f'{name}.js'), 'a'], capture_output=True, text=True, check=False)
    return done.stdout if done.returncode == 0 else f'exit code {done.returncode}: {done.stderr[-500:]}'


def compiled(said: str) -> dict[str, int]:
    """How many objects each link made by itself, by what Bazel says of it."""
    found = re.findall(r'From Linking (\S+):\n(?:(?!INFO|emroot).*\n)*emroot: this link compiled (\d+) ', said)
    return {name: int(count) for name, count in found}


@pytest.mark.default
@pytest.mark.parametrize('mode', ['fastbuild'])
def test_options_of_one_target_are_enough(kept: Workspace, tmp_path: Path, mode: str) -> None:
    kept.run('build', *WASM, '-c', mode, *(f'//:{name}' for name in SLICE))
    assert {name: run(kept, name, tmp_path / name) for name in SLICE} == dict.fromkeys(SLICE, 'linked xx 4\n')


@pytest.mark.slow
@pytest.mark.parametrize('mode', ['fastbuild', 'opt', 'dbg'])
def test_all_lines_link_and_run(kept: Workspace, tmp_path: Path, mode: str) -> None:
    done = kept.run('build', *WASM, '-c', mode, '--keep_going', '//...', check=False)
    (tmp_path / 'said').write_text(done.stderr, encoding='utf-8')
    made = compiled(done.stderr)
    said = {name: run(kept, name, tmp_path / name) for name in LINES if (kept.directory / 'bazel-bin' / name).exists()}
    wanted = {name: f'linked xx {8 if "wasm64" in name else 4}\n' for name in LINES}
    assert {name: said.get(name, 'not built') for name in LINES} == wanted, done.stderr[-8000:]
    assert made, 'some link made some objects by itself'
    assert 'cannot build' not in done.stderr
    print(f'{mode}: compiled {made}')


@pytest.mark.slow
@pytest.mark.parametrize('name', ['emmalloc_debug', 'assertions'])
def test_what_a_link_makes_says_nothing_of_where_it_was_made(kept: Workspace, tmp_path: Path, name: str) -> None:
    """Nor does a library that embuilder does not list, which emcc makes."""
    made = []
    for sandboxes in ('', MEMORY):
        kept.run('clean')
        kept.run('build', *WASM, '-c', 'dbg', '--disk_cache=', f'--sandbox_base={sandboxes}',
                 '--@emroot//bazel:granularity=lazy', f'//:{name}')
        made.append((kept.directory / 'bazel-bin' / name).read_bytes())
    assert run(kept, name, tmp_path / name) == 'linked xx 4\n'
    assert made[0] == made[1]
    assert not [path for path in (b'/tmp/', MEMORY.encode(), b'sandbox/') if path in made[0]]
