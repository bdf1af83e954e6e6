"""What the toolchain tells the compiler and the linker, feature by feature: asked of Bazel's analysis, nothing is built."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from support.workspace import Workspace

EXAMPLE = 'hello'
#: Options of Bazel, and what they add to compiles and to links.
FLAGS: dict[str, tuple[list[str], set[str], set[str]]] = {
    'fastbuild': ([], {'-O0', '-Wall'}, {'-O0', '-sPRINTF_LONG_DOUBLE', '--oformat=js', '-sDEFAULT_TO_CXX=0'}),
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
    'sanitizers': (['--features=wasm_asan'], {'-fsanitize=address'}, {'-fsanitize=address'}),
    'simd': (['--features=wasm_relaxed_simd'], {'-msimd128', '-mrelaxed-simd'}, {'-msimd128', '-mrelaxed-simd'}),
    'debug information': (['--features=source_maps'], {'-g3', '-gsource-map'}, {'-g3', '-gsource-map'}),
    'links alone': ([f'--features={feature}' for feature in ('wasm_standalone', 'exit_runtime', 'embind', 'wasmfs', 'fetch',
                                                             'webgl2', 'emmalloc')], set(),
                    {'-sSTANDALONE_WASM', '-sEXIT_RUNTIME', '-lembind', '-sWASMFS', '-sFETCH', '-sMAX_WEBGL_VERSION=2',
                     '-sMALLOC=emmalloc'}),
    'size': (['-c', 'opt', '--features=optimized_for_size'], {'-Os'}, {'-Os'}),
}
#: What only links are told, and what neither is told unless asked.
LINK_ONLY = {'-sPRINTF_LONG_DOUBLE', '--oformat=js', '-sEXIT_RUNTIME', '-lembind', '-sWASMFS', '-sMAIN_MODULE=2',
             '-sSIDE_MODULE=2'}
UNASKED = {'-flto', '-flto=thin', '-fPIC', '-pthread', '-fexceptions', '-fwasm-exceptions', '-m64', '-sWASM_WORKERS',
           '-sSTANDALONE_WASM', '-msimd128', '-fsanitize=address'}


def arguments(workspace: Workspace, mnemonic: str, options: Iterable[str]) -> set[str]:
    """Arguments of an action of the example."""
    found = workspace.actions(f'mnemonic("{mnemonic}", //:hello)', *options)['actions']
    assert found
    return {argument for action in found for argument in action['arguments']}


@pytest.mark.parametrize('name', FLAGS)
def test_features_become_flags(example: Workspace, name: str) -> None:
    options, compiles, links = FLAGS[name]
    for arch in ('wasm32', 'wasm64'):
        asked = [f'--platforms=@emroot//bazel/platforms:{arch}', *options]
        compile_, link = arguments(example, 'CppCompile', asked), arguments(example, 'CppLink', asked)
        assert compiles <= compile_
        assert links <= link
        assert not compile_ & LINK_ONLY
        assert ('-m64' in compile_, '-m64' in link) == ((arch == 'wasm64'),) * 2
        assert not (compile_ | link) & (UNASKED - compiles - links - {'-m64'})
