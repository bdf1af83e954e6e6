"""What analysis reads from options and features of a link. Starlark is run as the Python that it nearly is."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

PRIVATE = Path(__file__).resolve().parents[2] / 'bazel/private'


def starlark(*names: str, **known: object) -> dict[str, Any]:
    """What files define, each seeing what the ones before it do."""
    found: dict[str, Any] = {'load': lambda *_: None, 'struct': SimpleNamespace, 'Label': str, **known}
    for name in names:
        exec(next(PRIVATE.glob(f'*/{name}')).read_text(encoding='utf-8'), found)  # noqa: S102
    return found


SELECT = starlark('options.bzl', 'features.bzl')


@pytest.mark.parametrize(('options', 'said'), [
    (['-s MALLOC=emmalloc'], {'MALLOC': 'emmalloc'}),
    (['-s', 'MALLOC="emmalloc"'], {'MALLOC': 'emmalloc'}),
    (['-sUSE_PTHREADS'], {'PTHREADS': '1'}),
    (['-s', 'USE_PTHREADS=1', '-sPTHREADS=0'], {'PTHREADS': '0'}),
    (['-pthread'], {'PTHREADS': '1'}),
    (['--bind', '-lwasmfs', '-lm'], {'EMBIND': '1', 'WASMFS': '1'}),
    (['-O3', '-O'], {'OPTIMIZE': '2'}),
    (['-sDISABLE_EXCEPTION_CATCHING=0'], {'EXCEPTIONS': 'js'}),
    (['-fexceptions', '-sDISABLE_EXCEPTION_CATCHING'], {'EXCEPTIONS': '0'}),
    (['-fsanitize=address,null'], {'ADDRESS': '1', 'UNDEFINED': '1'}),
    (['-flto', '-flto=thin', '-m64'], {'LTO': 'thin', 'MEMORY64': '1'}),
    (["-sEXPORTED_FUNCTIONS=['_main', '_f']", '-Wl,--x', '-g', 'a.o'], {'EXPORTED_FUNCTIONS': "['_main', '_f']"}),
])
def test_options_are_read_as_emcc_reads_them(options: list[str], said: dict[str, str]) -> None:
    assert SELECT['settings'](options) == said


#: Features, the compilation mode, options; dimensions that are not the first, and extras.
CHOICES = {
    'debug': ([], 'dbg', [], {}, set()),
    'optimised': ([], 'opt', [], {'optimize': 'none'}, set()),
    'optimised by an option': ([], 'fastbuild', ['-O3'], {'optimize': 'none'}, set()),
    'assertions by an option': ([], 'opt', ['-s ASSERTIONS=2'], {}, set()),
    'no assertions': ([], 'fastbuild', ['-sASSERTIONS=0'], {'optimize': 'none'}, set()),
    'size': (['optimized_for_size'], 'opt', [], {'optimize': 'size'}, set()),
    'size that is checked': ([], 'opt', ['-Oz', '-sASSERTIONS'], {'optimize': 'size_assertions'}, set()),
    'threads and workers': (['use_pthreads', 'wasm_workers'], 'fastbuild', [], {'threads': 'use_pthreads'}, {'wasm_workers'}),
    'workers': (['wasm_workers'], 'fastbuild', [], {'threads': 'wasm_workers'}, set()),
    'two sanitizers': (['wasm_asan', 'wasm_ubsan'], 'fastbuild', [], {'runtime': 'wasm_asan'}, {'wasm_ubsan'}),
    'standalone with threads': (['wasm_standalone'], 'fastbuild', ['-pthread'], {'threads': 'use_pthreads'}, {'wasm_standalone'}),
    'the last word': (['emmalloc', 'exit_runtime'], 'fastbuild', ['-sMALLOC=mimalloc', '-sEXIT_RUNTIME=0'], {}, {'mimalloc'}),
    'webgl': ([], 'fastbuild', ['-sMIN_WEBGL_VERSION=2'], {}, {'webgl2'}),
    'shared memory': ([], 'fastbuild', ['-sSHARED_MEMORY'], {'threads': 'wasm_workers'}, set()),
    'C': (['c_link', 'exceptions'], 'fastbuild', [], {'language': 'c_link', 'exceptions': 'exceptions'}, set()),
}


@pytest.mark.parametrize('name', CHOICES)
def test_libraries_follow_what_a_link_is_told(name: str) -> None:
    enabled, mode, options, dimensions, extras = CHOICES[name]
    plain = {dimension: next(iter(choices)) for dimension, choices in SELECT['DIMENSIONS']}
    said = SELECT['link_settings'](enabled, mode, options)
    chosen = SELECT['combination'](said)
    assert chosen == {**plain, **dimensions}
    assert set(SELECT['extra_libraries'](said, chosen)) - {'precise_long_double_printf'} == extras


def test_features_that_are_on_can_be_turned_off() -> None:
    assert SELECT['BY_DEFAULT'] == ['precise_long_double_printf']
    for enabled, value in (([], '1'), (['-precise_long_double_printf'], None)):
        assert SELECT['link_settings'](enabled, 'opt', []).get('PRINTF_LONG_DOUBLE') == value


ATTRIBUTES = {'arch': '_default', 'dynamic': '_default', 'exit_runtime': False, 'linkopts': [], 'lto': '_default',
              'simd': '_default', 'standalone': False, 'threads': '_default'}


@pytest.mark.parametrize(('features', 'attributes', 'on', 'arch'), [
    (['thin_lto', 'wasm_simd', 'main_module'], {}, {'thin_lto', 'wasm_simd', 'main_module'}, 'wasm32'),
    (['thin_lto', 'wasm_simd'], {'lto': 'none', 'simd': 'off'}, set(), 'wasm32'),
    (['thin_lto'], {'lto': 'full', 'arch': 'wasm64'}, {'lto'}, 'wasm64'),
    ([], {'linkopts': ['-flto']}, {'lto'}, 'wasm32'),
    ([], {'linkopts': ['-flto=thin', '-m64']}, {'thin_lto'}, 'wasm64'),
    ([], {'linkopts': ['-flto'], 'lto': 'none'}, set(), 'wasm32'),
    ([], {'linkopts': ['-sMAIN_MODULE=1']}, {'main_module'}, 'wasm32'),
    ([], {'linkopts': ['-s', 'SIDE_MODULE']}, {'side_module'}, 'wasm32'),
    ([], {'linkopts': ['-s USE_PTHREADS=1', '-sWASM_WORKERS']}, {'use_pthreads', 'wasm_workers'}, 'wasm32'),
    ([], {'linkopts': ['-sMEMORY64=1', '-fno-lto']}, set(), 'wasm64'),
])
def test_a_program_is_built_as_features_attributes_and_options_say(features: list[str], attributes: dict[str, Any], on: set[str],
                                                                     arch: str) -> None:
    found = starlark('options.bzl', 'transition.bzl', transition=lambda **_: None)
    before = {'//command_line_option:features': features, '//command_line_option:linkopt': ['-Wl,--x']}
    after = found['_wasm_transition_impl'](before, SimpleNamespace(**{**ATTRIBUTES, **attributes}))
    assert set(after['//command_line_option:features']) == on
    assert after['//command_line_option:platforms'] == [f'//bazel/platforms:{arch}']
    assert after['//command_line_option:dynamic_mode'] == 'off'
    assert (after['//command_line_option:cpu'], after['//command_line_option:compiler']) == ('wasm', 'emscripten')
    assert '//command_line_option:linkopt' not in after, 'all that the program depends on would be compiled once more'


@pytest.mark.parametrize(('words', 'kinds'), [
    (['-O2', '--oformat=js'], 'js wasm'),
    (['--oformat=js', '--oformat=html'], 'html js wasm'),
    (['--oformat=js', '--oformat', 'mjs'], 'mjs wasm'),
    (['--oformat=mjs', '--emit-symbol-map'], 'mjs wasm symbols'),
    (['--oformat=bare', '-gsource-map'], 'wasm wasm.map'),
    (['-sSIDE_MODULE=2', '--oformat=js'], 'wasm'),
    (['--oformat=js', '--emroot-shared', '-o', 'libplug.so'], 'wasm'),
    (['-s', 'SINGLE_FILE=1', '-gsource-map'], 'js'),
    (['-sSINGLE_FILE', '--oformat=html', '--preload-file', 'a'], 'html data'),
    (['-sSINGLE_FILE=0', '-sSTANDALONE_WASM'], 'js wasm'),
    (['-sWASM=0'], 'js'),
    (['-gsource-map', '-gseparate-dwarf', '--preload-file=a@b'], 'js wasm wasm.map wasm.debug.wasm data'),
    (['-gsource-map', '-gseparate-dwarf', '-g0', '-gsource-map=inline'], 'js wasm wasm.map'),
    (['-gseparate-dwarf=elsewhere.wasm', '--embed-file', 'a'], 'js wasm'),
])
def test_what_a_link_leaves_follows_from_its_options(words: list[str], kinds: str) -> None:
    assert starlark('options.bzl', 'outputs.bzl')['default_kinds'](words) == kinds.split()


@pytest.mark.parametrize(('target', 'options'), [
    ('zlib', ['--use-port=zlib']),
    ('sdl2_mixer:formats=mp3,ogg', ['--use-port=sdl2_mixer:formats=mp3,ogg']),
    ('sdl2_image:formats=png:PTHREADS=1', ['--use-port=sdl2_image:formats=png']),
    ('sdl2_image:SDL2_IMAGE_FORMATS=png,jpg', ['--use-port=sdl2_image', '-sSDL2_IMAGE_FORMATS=png,jpg']),
    ('boost:at=c::/x', ['--use-port=boost:at=c::/x']),
])
def test_a_link_asks_for_the_variant_of_a_port_that_was_declared(target: str, options: list[str]) -> None:
    assert starlark('options.bzl')['port_options'](target) == options
