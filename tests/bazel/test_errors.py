"""Misuse is told in one sentence, at fetch time."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from support.sdk_copies import copy_sdk, rewrite
from support.workspace import DECLARED, Workspace, module_file

from emroot.sdk import Sdk

WRONG = {
    'feature': ('cache(features = ["wasm46"])', "unknown feature 'wasm46'; the features are wasm32, wasm64"),
    'exclusion': ('cache(features = ["lto", "thinlto"])', "features 'lto' and 'thinlto' exclude each other"),
    'target': ('cache(targets = ["libc-debgu"])', "unknown target 'libc-debgu'; did you mean libc-debug"),
    'port': ('cache(targets = ["sdl2_mixr:PTHREADS=1"])', "unknown target 'sdl2_mixr'; did you mean sdl2_mixer"),
    'builder': ('cache(builder = "make")', "builder"),
    'two SDKs': ('sdk(path = "a")\nsdk(path = "b")', 'one build has one'),
    'no SDK': ('sdk(path = "/nowhere")', '/nowhere is not an Emscripten SDK'),
    'whose words': ('sdk(path = "/nowhere")', '\n  hint: name one in MODULE.bazel, with emscripten_deps.sdk('),
    'release': ('sdk(emscripten_version = "6.0.99")', 'no release 6.0.99 is known; there are 6.0.8'),
}


def test_names_what_is_wrong(scratch: Callable[..., Workspace], checkout: Path) -> None:
    workspace = scratch({'MODULE.bazel': module_file()})
    for name, (tags, said) in WRONG.items():
        text = module_file(*tags.splitlines()).replace('{emroot}', str(checkout))
        (workspace.directory / 'MODULE.bazel').write_text(text, encoding='utf-8')
        done = workspace.run('build', '@emscripten_cache//wasm32:cache', check=False)
        assert done.returncode != 0, name
        assert said in done.stderr, f'{name}: {done.stderr[-1500:]}'
        assert 'File "<' not in done.stderr, f'{name}: no traceback of Python'


BROKEN = ('cache(features = ["wasm64"], targets = ["libal"])',
          'cache(features = ["wasm64"], targets = ["libhtml5"], builder = "embuilder")')


def test_a_library_that_cannot_be_built_leaves_its_log(scratch: Callable[..., Workspace], bazel_sdk: Sdk, tmp_path: Path) -> None:
    root = copy_sdk(bazel_sdk.root, tmp_path / 'sdk')
    for source in ('al.c', 'html5/callback.c'):
        file = root / 'system' / 'lib' / source
        rewrite(file, f'{file.read_text(encoding="utf-8")}\n#error {source} is broken\n')
    workspace = scratch({'MODULE.bazel': module_file(f'sdk(path = "{root}")', *BROKEN)}, reads=[tmp_path / 'sdk'])
    done = workspace.run('build', '--keep_going', DECLARED, check=False)
    assert done.returncode == 1, done.stderr[-3000:]
    kept = dict(re.findall(r'emroot: cannot build (\w+):\n(?:.*\n)*?  log: (\S+)', done.stderr))
    assert set(kept) == {'libal', 'libhtml5'}, done.stderr[-3000:]
    execution_root = Path(workspace.run('info', 'execution_root', options=False).stdout.strip())
    for target, source in (('libal', 'al.c'), ('libhtml5', 'html5/callback.c')):
        assert f'{source} is broken' in done.stderr
        assert f'{source} is broken' in (execution_root / kept[target]).read_text(encoding='utf-8'), kept[target]
