"""Which libraries a link gets is known at analysis time, and is what emcc asks for: nothing is built here."""

from __future__ import annotations

import pytest
from support.workspace import Workspace

from emroot.bazel.sdk_layout import path_in_cache
from emroot.host.home import Home
from emroot.libraries.catalogue import Catalogue
from emroot.libraries.resolution import resolve
from emroot.sdk import Sdk

EXAMPLE = 'modes'
#: Features and Bazel's options, and the flags of emcc that say the same.
LINKS = {
    'plain': ([], ['-O0']),
    'opt': (['-c', 'opt'], ['-O2']),
    'smallest': (['-c', 'opt', '--linkopt=-Oz'], ['-Oz']),
    'debug': (['-c', 'dbg'], ['-g', '-O0']),
    'exceptions': (['--features=exceptions'], ['-O0', '-fexceptions']),
    'wasm exceptions': (['-c', 'opt', '--features=wasm_exceptions'], ['-O2', '-fwasm-exceptions']),
    'threads': (['-c', 'opt', '--features=use_pthreads'], ['-O2', '-pthread']),
    'workers': (['-c', 'opt', '--features=wasm_workers'], ['-O2', '-sWASM_WORKERS']),
    'asan': (['--features=wasm_asan'], ['-O0', '-fsanitize=address']),
    'ubsan with threads': (['--features=wasm_ubsan', '--features=use_pthreads'], ['-O0', '-fsanitize=undefined', '-pthread']),
    'standalone': (['-c', 'opt', '--features=wasm_standalone'], ['-O2', '-sSTANDALONE_WASM']),
    'exit runtime': (['-c', 'opt', '--features=exit_runtime'], ['-O2', '-sEXIT_RUNTIME']),
    'embind': (['-c', 'opt', '--features=embind', '--features=exceptions'], ['-O2', '-lembind', '-fexceptions']),
    'main in a thread': (['-c', 'opt', '--linkopt=-pthread', '--linkopt=-sPROXY_TO_PTHREAD'],
                         ['-O2', '-pthread', '-sPROXY_TO_PTHREAD']),
    'another malloc': (['--features=emmalloc'], ['-O0', '-sMALLOC=emmalloc']),
    'graphics': (['-c', 'opt', '--features=webgl2'], ['-O2', '-sMAX_WEBGL_VERSION=2']),
    'option': (['-c', 'opt', '--linkopt=-pthread', '--linkopt=-sEXIT_RUNTIME=1'], ['-O2', '-pthread', '-sEXIT_RUNTIME=1']),
    'optimised, and checked': (['-c', 'opt', '--linkopt=-s ASSERTIONS=1'], ['-O2', '-sASSERTIONS=1']),
    'not optimised, nor checked': (['--linkopt=-sASSERTIONS=0'], ['-O0', '-sASSERTIONS=0']),
    'smallest, and checked': (['--linkopt=-Oz', '--linkopt=-sASSERTIONS'], ['-Oz', '-sASSERTIONS']),
    'small feature': (['--features=optimized_for_size'], ['-O0']),
    'threads and workers': (['--features=use_pthreads', '--features=wasm_workers'], ['-O0', '-pthread', '-sWASM_WORKERS']),
    'both sanitizers': (['--features=wasm_asan', '--features=wasm_ubsan'], ['-O0', '-fsanitize=address', '-fsanitize=undefined']),
    'standalone with threads': (['--features=wasm_standalone', '--linkopt=-sUSE_PTHREADS=1'],
                                ['-O0', '-sSTANDALONE_WASM', '-sUSE_PTHREADS=1']),
    'exceptions by a setting': (['--linkopt=-sDISABLE_EXCEPTION_CATCHING=0'], ['-O0', '-sDISABLE_EXCEPTION_CATCHING=0']),
    'embind by its old name': (['--linkopt=--bind'], ['-O0', '--bind']),
}
MODES = {'wasm32': [], 'wasm64-lto': ['--features=lto'], 'wasm64-thinlto-pic': ['--features=thin_lto', '--features=main_module']}
FLAGS = {'wasm32': [], 'wasm64-lto': ['-m64', '-flto'], 'wasm64-thinlto-pic': ['-m64', '-flto=thin', '-sMAIN_MODULE=2']}
#: What emcc refuses or warns of in a main module.
NOT_PIC = ('threads', 'workers', 'standalone', 'option', 'main in a thread', 'asan', 'ubsan with threads', 'threads and workers',
           'both sanitizers', 'standalone with threads')


@pytest.mark.parametrize('mode', MODES)
def test_is_what_emcc_asks_for(example: Workspace, bazel_sdk: Sdk, shared_home: Home, mode: str) -> None:
    catalogue = Catalogue(bazel_sdk, shared_home)
    arch = mode.split('-')[0]
    for name, (options, flags) in LINKS.items():
        if 'pic' in mode and name in NOT_PIC:
            continue
        words = ['-sDEFAULT_TO_CXX=0', '-sPRINTF_LONG_DOUBLE', *FLAGS[mode], *flags]
        wanted = resolve(catalogue, words, lang='c').files
        platform = f'--platforms=@emroot//bazel/platforms:{arch}'
        found = example.run('cquery', '--output=files', f'@emroot//bazel/private/toolchain:{arch}_libraries', platform,
                            *MODES[mode], *options).stdout.split()
        assert sorted(map(path_in_cache, found)) == sorted(wanted), f'{mode}, {name}'


def test_programs_in_cpp_get_its_runtime(example: Workspace) -> None:
    said = example.run('cquery', '--output=files', '@emroot//bazel/private/toolchain:wasm32_libraries', '--features=-c_link',
                       '--platforms=@emroot//bazel/platforms:wasm32').stdout
    assert '/libc++-debug-noexcept.a' in said


def test_a_side_module_has_none(example: Workspace) -> None:
    said = example.run('cquery', '--output=files', '@emroot//bazel/private/toolchain:wasm32_libraries', '--features=side_module',
                       '--platforms=@emroot//bazel/platforms:wasm32').stdout
    assert said.split() == []


def test_features_that_exclude_each_other_are_named(example: Workspace) -> None:
    done = example.run('cquery', '@emroot//bazel/private/toolchain:wasm32_libraries', '--features=exceptions',
                       '--features=wasm_exceptions', '--platforms=@emroot//bazel/platforms:wasm32', check=False)
    assert 'features "exceptions" and "wasm_exceptions" exclude each other' in done.stderr


def test_headers_go_to_compiles_and_libraries_to_links(example: Workspace) -> None:
    platform = '--platforms=@emroot//bazel/platforms:wasm32'
    compiles = example.run('aquery', '--output=text', 'mnemonic("CppCompile", //:sum)', platform).stdout
    links = example.run('aquery', '--output=text', 'mnemonic("CppLink", //:sum)', platform).stdout
    assert '/private/sdk/headers' in compiles
    assert 'emroot-cache' not in compiles
    assert 'emroot-cache' in links
    assert len(compiles.split('Inputs: [')[1].split(']')[0].split(', ')) < 200, 'each is a link in a sandbox'
    inputs = links.split('Inputs: [')[1].split(']')[0].split(', ')
    assert not [i for i in inputs if i.endswith('/private/sdk/headers')]


def test_the_users_flags_do_not_reach_the_libraries(example: Workspace) -> None:
    def keys(*options: str) -> list[tuple[str, str]]:
        actions = example.actions('mnemonic("EmscriptenLibrary", deps(//:sum))', '-c', 'opt',
                                  '--platforms=@emroot//bazel/platforms:wasm32', *options)['actions']
        return sorted((a['actionKey'], ' '.join(a['arguments'])) for a in actions)
    assert keys() == keys('--copt=-DSOMETHING', '--linkopt=-Wl,--error-limit=5', '--cxxopt=-std=c++20')


def test_a_large_library_is_made_in_parts_that_are_joined_in_order(example: Workspace) -> None:
    """Of a build that is killed, Bazel keeps those that were finished."""
    actions = example.actions('mnemonic("Emscripten(Library|Archive)", deps(@emroot//bazel/private/toolchain:wasm32_libraries))',
                              '--platforms=@emroot//bazel/platforms:wasm32')['actions']
    parts = sorted([int(n) for n in words[words.index('--members') + 1:][:2]]
                   for words in (a['arguments'] for a in actions) if '--members' in words and 'libc-debug' in words)
    assert len(parts) > 1
    assert parts[0][0] == 0
    assert [first for first, _ in parts[1:]] == [last for _, last in parts[:-1]]
    [joined] = [words for words in (a['arguments'] for a in actions) if words[1] == 'qcL' and words[2].endswith('/libc-debug.a')]
    assert [word.rpartition('/')[2] for word in joined[3:]] == [f'libc-debug.{n}.a' for n in range(len(parts))]
