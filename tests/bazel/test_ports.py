"""Ports in the variants that their names say, built from a directory of sources."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from support.overlay import overlay
from support.own_ports import own_port
from support.workspace import Workspace, module_file

from emroot.sdk import Sdk

LIBRARIES = 'sysroot/lib/wasm32-emscripten'
VARIANT = 'own+PTHREADS=1'
BUILD = f'''
load("@rules_cc//cc:cc_binary.bzl", "cc_binary")
cc_binary(name = "program", srcs = ["program.c"], features = ["use_pthreads"], deps = ["@emscripten_cache//ports:{VARIANT}"])
'''
RULES_CC = 'bazel_dep(name = "rules_cc", version = "0.0.17")\nregister_toolchains("@emroot//bazel/toolchain:all")\n'


def test_a_port_is_built_with_the_settings_of_its_name(scratch: Callable[..., Workspace], bazel_sdk: Sdk, tmp_path: Path) -> None:
    """The SDK has a port of ours, of one source."""
    port = own_port(tmp_path, settings=('PTHREADS',))
    quiet = port.file.read_text(encoding='utf-8').replace(repr(str(port.log)), 'os.devnull')
    root = overlay(bazel_sdk.root, tmp_path / 'sdk', {'tools/ports/own.py': quiet})
    tags = f'cache(targets = ["own", "own:PTHREADS=1"], ports_from = "{port.mirror}")'
    files = {'MODULE.bazel': module_file(f'sdk(path = "{root}")', tags, more=RULES_CC), 'BUILD.bazel': BUILD,
             'program.c': 'int own(void);\nint main(void) { return own() - 42; }\n'}
    workspace = scratch(files, reads=[tmp_path / 'sdk', port.mirror])
    for target, name in (('own', 'libown.a'), (VARIANT, 'libown-pthreads.a')):
        of = f'@emscripten_cache//wasm32:{target}'
        workspace.build(of)
        [made] = workspace.files(f'"{of}"')  # `+` and `=` mean something in queries
        assert [path.name for path in (made / LIBRARIES).iterdir()] == [name]
        assert (b'atomics' in (made / LIBRARIES / name).read_bytes()) == (target == VARIANT)
    sources = workspace.run('query', 'filter("emscripten_port_own.*:sources$", deps(@emscripten_cache//wasm32:all))').stdout
    assert len(sources.split()) == 1, 'of all variants'
    words = workspace.run('aquery', '--output=text', '--platforms=@emroot//bazel/platforms:wasm32',
                          'mnemonic("CppLink", //:program)').stdout
    assert '--use-port=own' in words
    assert 'own+PTHREADS_1/emroot-cache' in words
