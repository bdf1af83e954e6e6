"""Several modes of one program in one build, each with its own libraries and none with another's."""

from __future__ import annotations

from support.workspace import Workspace, libraries

EXAMPLE = 'modes'
FOUR = ['//:sum_wasm32_none', '//:sum_wasm32_full', '//:sum_wasm64_none', '//:sum_wasm64_thin']
FIFTH = '//:sum_wasm64_full'


def test_four_modes_in_one_build_and_a_fifth(example: Workspace) -> None:
    example.run('clean')  # an earlier run of these tests may have built all; then the disk cache answers
    example.build('-c', 'opt', *FOUR)
    for target in FOUR:
        script = next(f for f in example.files(target, '-c', 'opt') if f.suffix == '.js')
        assert example.program(script) == f'sum 499500, pointers of {64 if "wasm64" in target else 32} bits\n'

    spawns = example.build('-c', 'opt', *FOUR, FIFTH)
    assert spawns
    assert {name.split('/')[0] for name in libraries(spawns, ran=False)} == {'wasm64-lto'}
    assert {s['targetLabel'] for s in spawns if s['mnemonic'] in ('CppLink', 'CppCompile', 'WasmUnpack')} <= {'//:sum', FIFTH}
    assert len([s for s in spawns if s['mnemonic'] == 'CppLink']) == 1
    assert example.build('-c', 'opt', *FOUR, FIFTH) == []


def test_a_changed_flag_needs_one_more_library(example: Workspace) -> None:
    def wanted(*options: str) -> set[str]:
        target = '@emroot//bazel/private/toolchain:wasm64_libraries'
        said = example.run('cquery', '--output=files', target, '--platforms=@emroot//bazel/platforms:wasm64', *options)
        return set(said.stdout.split())
    before, after = wanted('--features=-precise_long_double_printf'), wanted()
    assert before < after
    assert [path.rsplit('/', 1)[1] for path in after - before] == ['libprintf_long_double-debug.a']


def test_release_with_thin_lto_and_debug_without(example: Workspace) -> None:
    def libraries_of(config: str) -> str:
        return example.run('cquery', '--output=files', '@emroot//bazel/private/toolchain:wasm64_libraries', f'--config={config}',
                           '--platforms=@emroot//bazel/platforms:wasm64').stdout
    release, debug = libraries_of('release'), libraries_of('debug')
    assert 'wasm64-emscripten/thinlto/libc.a' in release
    assert 'wasm64-emscripten/libc-debug.a' in debug
    assert 'thinlto' not in debug
