"""Misuse is told in one sentence, at fetch time."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path

from support.workspace import Workspace

from emroot.sdk import Sdk

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


BROKEN = '''
module(name = "broken")
bazel_dep(name = "emroot", version = "0.1.0.dev0")
local_path_override(module_name = "emroot", path = "{emroot}")
emscripten_deps = use_extension("@emroot//bazel:extensions.bzl", "emscripten_deps")
emscripten_deps.sdk(path = "SDK")
emscripten_deps.cache(features = ["wasm64"], targets = ["libal"])
emscripten_deps.cache(features = ["wasm64"], targets = ["libhtml5"], builder = "embuilder")
use_repo(emscripten_deps, "emscripten_cache")
'''


def test_a_library_that_cannot_be_made_leaves_its_log(scratch: Callable[..., Workspace], bazel_sdk: Sdk, tmp_path: Path) -> None:
    tree = next(p for p in bazel_sdk.root.parents if (p / 'emroot-sdk.json').is_file())
    shutil.copytree(tree, tmp_path / 'sdk', symlinks=True)
    root = tmp_path / 'sdk' / bazel_sdk.root.relative_to(tree)
    for source in ('al.c', 'html5/callback.c'):
        with (root / 'system' / 'lib' / source).open('a', encoding='utf-8') as text:
            text.write(f'\n#error {source} is broken\n')
    workspace = scratch({'MODULE.bazel': BROKEN.replace('SDK', str(root)), 'BUILD.bazel': '',
                         '.bazelrc': 'common --noenable_workspace\n'}, reads=[tmp_path / 'sdk'])
    done = workspace.run('build', '--keep_going', '@emscripten_cache//:libraries', check=False)
    assert done.returncode == 1, done.stderr[-3000:]
    kept = dict(re.findall(r'emroot: (\w+) cannot be made:\n(?:.*\n)*?  kept in (\S+)', done.stderr))
    assert set(kept) == {'libal', 'libhtml5'}, done.stderr[-3000:]
    execution_root = Path(workspace.run('info', 'execution_root', options=False).stdout.strip())
    for target, source in (('libal', 'al.c'), ('libhtml5', 'html5/callback.c')):
        assert f'{source} is broken' in done.stderr
        assert f'{source} is broken' in (execution_root / kept[target]).read_text(encoding='utf-8'), kept[target]
