"""The declared caches instead of those that emsdk's module makes, for its unmodified toolchain."""

from __future__ import annotations

import os
import runpy
from collections.abc import Callable

import pytest
from support.workspace import Workspace, module_file

OVERRIDE = '''
bazel_dep(name = "emsdk", version = "6.0.5")
local_path_override(module_name = "emsdk", path = "emsdk")
emscripten_cache = use_extension("@emsdk//:emscripten_cache.bzl", "emscripten_cache")
override_repo(emscripten_cache, emscripten_cache = "emscripten_cache")
'''
ROOT = module_file('cache(features = ["wasm64", "lto"], targets = ["libal"])',
                   'cache(features = ["wasm32"], targets = ["crt1"])', more=OVERRIDE)
#: As emsdk's module: an extension that makes the repository, and a toolchain that takes two labels of it as tools.
EMSDK = {
    'MODULE.bazel': '''
module(name = "emsdk", version = "6.0.5")
emscripten_cache = use_extension("//:emscripten_cache.bzl", "emscripten_cache")
use_repo(emscripten_cache, "emscripten_cache")
''',
    'emscripten_cache.bzl': '''
def _repo(rctx):
    fail("emsdk's own repository is not to be made")
_cache = repository_rule(_repo)
emscripten_cache = module_extension(lambda mctx: _cache(name = "emscripten_cache"))
''',
    'toolchain.bzl': '''
def _toolchain(ctx):
    return DefaultInfo(files = depset([ctx.file.em_config], transitive = [ctx.attr.em_cache.files]))
toolchain = rule(_toolchain, attrs = {
    "em_config": attr.label(allow_single_file = True, cfg = "exec"),
    "em_cache": attr.label(cfg = "exec"),
})
''',
    'BUILD.bazel': '''
load(":toolchain.bzl", "toolchain")
toolchain(
    name = "toolchain",
    em_cache = "@emscripten_cache//:emscripten_cache",
    em_config = "@emscripten_cache//:emscripten_config",
)
''',
}


def test_takes_the_place_of_emsdks_cache(scratch: Callable[..., Workspace], monkeypatch: pytest.MonkeyPatch) -> None:
    workspace = scratch({'MODULE.bazel': ROOT, **{f'emsdk/{name}': text for name, text in EMSDK.items()}})
    workspace.build('@emsdk//:toolchain')
    config, cache = sorted(workspace.files('@emsdk//:toolchain'), key=lambda path: path.is_dir())
    root = next(p for p in config.parents if p.name == '_main')
    for name, value in {'ROOT_DIR': str(root), 'EMSCRIPTEN': 'external/emscripten', 'EM_BIN_PATH': 'external',
                        'NODE_JS_PATH': 'node', 'EM_CONFIG_PATH': os.path.relpath(config, root)}.items():
        monkeypatch.setenv(name, value)
    assert os.path.samefile(runpy.run_path(str(config))['CACHE'], cache)
    for path in ('sysroot/lib/wasm64-emscripten/lto/libal.a', 'sysroot/lib/wasm32-emscripten/crt1.o',
                 'sysroot/include/stdio.h', 'sysroot_install.stamp'):
        assert (cache / path).is_file(), path
