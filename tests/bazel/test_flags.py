"""What the toolchain tells the compiler and the linker, feature by feature: asked of Bazel's analysis, nothing is built."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from support.workspace import Workspace

EXAMPLE = 'hello'
#: Options of Bazel, and what they add to compiles and to links.
FLAGS: dict[str, tuple[list[str], set[str], set[str]]] = {
    'fastbuild': ([], {'-O0', '-Wall', '-fno-strict-aliasing', '-funsigned-char', '-fdiagnostics-color',
                       '-D__DATE__="redacted"', '-D__TIME__="redacted"', '-D__TIMESTAMP__="redacted"'},
                  {'-O0', '-sPRINTF_LONG_DOUBLE', '--oformat=js', '-sDEFAULT_TO_CXX=0', '-fdiagnostics-color'}),
    'opt': (['-c', 'opt'], {'-O2', '-DNDEBUG'}, {'-O2'}),
    'dbg': (['-c', 'dbg'], {'-g', '-O0'}, {'-g', '-O0'}),
    'lto': (['--features=lto'], {'-flto'}, {'-flto'}),
    'thin_lto': (['--features=thin_lto'], {'-flto=thin'}, {'-flto=thin'}),
    'main_module': (['--features=main_module'], {'-fPIC'}, {'-sMAIN_MODULE=2'}),
    'side_module': (['--features=side_module'], {'-fPIC'}, {'-sSIDE_MODULE=2'}),
    'exceptions': (['--features=exceptions'], {'-fexceptions'}, {'-fexceptions'}),
    'wasm_exceptions': (['--features=wasm_exceptions'], {'-fwasm-exceptions'}, {'-fwasm-exceptions'}),
    'use_pthreads': (['--features=use_pthreads', '--features=proxy_to_pthread'], {'-pthread'},
                     {'-pthread', '-sPROXY_TO_PTHREAD'}),
    'wasm_workers': (['--features=wasm_workers'], {'-sWASM_WORKERS'}, {'-sWASM_WORKERS'}),
    'asan': (['--features=wasm_asan'], {'-fsanitize=address', '-g', '-O1', '-DADDRESS_SANITIZER=1', '-fno-omit-frame-pointer'},
             {'-fsanitize=address', '-g'}),
    'ubsan': (['--features=wasm_ubsan'], {'-fsanitize=undefined', '-g3', '-O1', '-DUNDEFINED_BEHAVIOR_SANITIZER=1',
                                          '-fno-omit-frame-pointer', '-fno-sanitize=vptr'}, {'-fsanitize=undefined', '-g3'}),
    'simd': (['--features=wasm_relaxed_simd'], {'-msimd128', '-mrelaxed-simd'}, {'-msimd128', '-mrelaxed-simd'}),
    'debug information': (['--features=source_maps'], {'-g3', '-gsource-map'}, {'-g3', '-gsource-map'}),
    'links alone': ([f'--features={feature}' for feature in ('wasm_standalone', 'exit_runtime', 'embind', 'wasmfs', 'fetch',
                                                             'webgl2', 'emmalloc')], set(),
                    {'-sSTANDALONE_WASM', '-sEXIT_RUNTIME', '-lembind', '-sWASMFS', '-sFETCH', '-sMAX_WEBGL_VERSION=2',
                     '-sMALLOC=emmalloc'}),
    'warnings': (['--features=wasm_warnings_as_errors'], {'-Werror'}, set()),
    'size': (['-c', 'opt', '--features=optimized_for_size'], {'-Oz'}, {'-Oz'}),
    'speed': (['-c', 'opt', '--features=optimize_for_speed'], {'-O3'}, {'-O3'}),
    'debugging': ([f'--features={feature}' for feature in ('optimize_for_size', 'dwarf_debug_info', 'profiling_funcs',
                                                           'emcc_debug_link')],
                  {'-O0', '-g', '-fdebug-compilation-dir=.'},
                  {'-O0', '-gseparate-dwarf', '--profiling', '--profiling-funcs', '--emroot-debug'}),
}
#: What only links are told, and what neither is told unless asked.
LINK_ONLY = {'-sPRINTF_LONG_DOUBLE', '--oformat=js', '-sEXIT_RUNTIME', '-lembind', '-sWASMFS', '-sMAIN_MODULE=2',
             '-sSIDE_MODULE=2', '--profiling', '--profiling-funcs', '-gseparate-dwarf', '--emroot-debug'}
UNASKED = {'-flto', '-flto=thin', '-fPIC', '-pthread', '-fexceptions', '-fwasm-exceptions', '-m64', '-sWASM_WORKERS',
           '-sSTANDALONE_WASM', '-msimd128', '-fsanitize=address', '-fsanitize=undefined', '-O1', '-Oz', '-O3', '-Werror',
           '--profiling', '-gseparate-dwarf', '--emroot-debug'}


def arguments(workspace: Workspace, options: Iterable[str]) -> tuple[set[str], set[str]]:
    """Arguments of the example's compile and of its link, and the variables that are set."""
    found: dict[str, set[str]] = {'CppCompile': set(), 'CppLink': set()}
    for action in workspace.actions('mnemonic("CppCompile|CppLink", //:hello)', *options)['actions']:
        found[action['mnemonic']] |= {*action['arguments'], *(entry['key'] for entry in action['environmentVariables'])}
    assert all(found.values())
    return found['CppCompile'], found['CppLink']


@pytest.mark.parametrize('name', FLAGS)
def test_features_become_flags(example: Workspace, name: str) -> None:
    options, compiles, links = FLAGS[name]
    for arch in ('wasm32', 'wasm64'):
        asked = [f'--platforms=@emroot//bazel/platforms:{arch}', *options]
        compile_, link = arguments(example, asked)
        assert compiles <= compile_
        assert links <= link
        assert not compile_ & LINK_ONLY
        assert ('-m64' in compile_, '-m64' in link) == ((arch == 'wasm64'),) * 2
        assert not (compile_ | link) & (UNASKED - compiles - links - {'-m64'})


def test_cpp_is_of_2017_and_what_the_user_says_counts(example: Workspace) -> None:
    said = example.actions('mnemonic("CppCompile", //:hello)', '--platforms=@emroot//bazel/platforms:wasm32',
                           '--copt=-fsigned-char')['actions'][0]['arguments']
    assert said.index('-funsigned-char') < said.index('-fsigned-char') < said.index('-D__DATE__="redacted"')
    assert '-std=gnu++17' not in said, 'C'

