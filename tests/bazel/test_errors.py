"""Misuse is told in one sentence, at fetch time."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from support.workspace import Workspace

MODULE = '''
module(name = "wrong")
bazel_dep(name = "emroot", version = "0.1.0.dev0")
local_path_override(module_name = "emroot", path = "{emroot}")
emscripten_deps = use_extension("@emroot//bazel:extensions.bzl", "emscripten_deps")
TAG
use_repo(emscripten_deps, "emscripten_cache")
'''
WRONG = {
    'feature': ('emscripten_deps.cache(features = ["wasm46"])', "unknown feature 'wasm46'; did you mean wasm64"),
    'exclusion': ('emscripten_deps.cache(features = ["lto", "thinlto"])', "features 'lto' and 'thinlto' exclude each other"),
    'target': ('emscripten_deps.cache(targets = ["libc-debgu"])', "unknown target 'libc-debgu'; did you mean libc-debug"),
    'builder': ('emscripten_deps.cache(builder = "make")', "builder"),
    'two SDKs': ('emscripten_deps.sdk(path = "a")\nemscripten_deps.sdk(path = "b")', 'one build has one'),
    'no SDK': ('emscripten_deps.sdk(path = "/nowhere")', '/nowhere: there is no Emscripten SDK'),
    'release': ('emscripten_deps.sdk(emscripten_version = "6.0.99")', 'no release 6.0.99 is known; there are 6.0.8'),
}


def test_names_what_is_wrong(scratch: Callable[..., Workspace], checkout: Path) -> None:
    workspace = scratch({'MODULE.bazel': 'module(name = "wrong")\n', 'BUILD.bazel': '',
                         '.bazelrc': 'common --noenable_workspace\n'})
    for name, (tag, said) in WRONG.items():
        text = MODULE.replace('TAG', tag).replace('{emroot}', str(checkout))
        (workspace.directory / 'MODULE.bazel').write_text(text, encoding='utf-8')
        done = workspace.run('build', '@emscripten_cache//wasm32:cache', check=False)
        assert done.returncode != 0, name
        assert said in done.stderr, f'{name}: {done.stderr[-1500:]}'
        assert 'File "<' not in done.stderr, f'{name}: no traceback of Python'
