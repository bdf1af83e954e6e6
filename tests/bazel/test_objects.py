"""Libraries object by object: the bytes are those of libraries that are built whole, and no more is done than must be."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from support.workspace import Workspace

from dev.fidelity import Reference
from emroot.canonical import digest_file
from emroot.catalogue import Catalogue
from emroot.home import Home
from emroot.modes import parse_mode
from emroot.sdk import Sdk

MODULE = '''
module(name = "objects")
bazel_dep(name = "emroot", version = "0.1.0.dev0")
local_path_override(module_name = "emroot", path = "{emroot}")
emscripten_deps = use_extension("@emroot//bazel:extensions.bzl", "emscripten_deps")
emscripten_deps.sdk(path = "SDK")
emscripten_deps.cache(features = ["wasm32"], targets = ["libal", "libnoexit"])
emscripten_deps.cache(features = ["wasm32", "lto"], targets = ["libal", "crt1", "libnoexit", "libsockets", "libc++abi-noexcept"])
use_repo(emscripten_deps, "emscripten_cache")
'''
FLAG = '--@emroot//bazel:granularity=object'


def archives(workspace: Workspace, *flags: str) -> dict[str, str]:
    """Digest of each declared archive, by its path in a cache directory."""
    return {str(f).split('/emroot-cache/')[1]: digest_file(f) for f in workspace.files('@emscripten_cache//:libraries', *flags)}


def counted(spawns: list[dict[str, Any]]) -> Counter[str]:
    """How many spawns there were of each kind."""
    return Counter(s['mnemonic'] for s in spawns if s['mnemonic'].startswith('Emscripten'))


def test_object_by_object(scratch: Callable[..., Workspace], bazel_sdk: Sdk, shared_home: Home, tmp_path: Path) -> None:
    tree = next(p for p in bazel_sdk.root.parents if (p / 'emroot-sdk.json').is_file())
    shutil.copytree(tree, tmp_path / 'sdk', symlinks=True)
    root = tmp_path / 'sdk' / bazel_sdk.root.relative_to(tree)
    workspace = scratch({'MODULE.bazel': MODULE.replace('SDK', str(root)), 'BUILD.bazel': '',
                         '.bazelrc': 'common --noenable_workspace\n'}, reads=[tmp_path / 'sdk'])
    workspace.options = [o for o in workspace.options if not o.startswith('--disk_cache')]  # from cold
    whole = workspace.build('@emscripten_cache//:libraries')
    expected = archives(workspace)

    assert counted(whole) == {'EmscriptenHeaders': 1, 'EmscriptenLibrary': 7}  # wasm32's crt1 is that of wasm32-lto, too
    catalogue, reference = Catalogue(bazel_sdk, shared_home), Reference(bazel_sdk)
    listing = catalogue.listing(parse_mode('wasm32-lto'))
    for target in ('libal', 'crt1'):  # C: what C++ says of its headers' place is that of another SDK here
        path = listing.libraries[target].path
        assert expected[path] == reference.build(parse_mode('wasm32-lto'), [target], listing)[target], path


    # A changed source: what holds it, in both modes, and nothing else.
    source = root / 'system/lib/al.c'
    text = source.read_text(encoding='utf-8')
    source.write_text(f'{text}\nint emroot_was_here;\n', encoding='utf-8')
    assert counted(workspace.build('@emscripten_cache//:libraries')) == {'EmscriptenHeaders': 1, 'EmscriptenLibrary': 2}
    changed = archives(workspace)
    assert {path for path in expected if changed[path] != expected[path]} == {p for p in expected if p.endswith('/libal.a')}

    # Object by object: nothing but declared inputs, the same bytes.
    spawns = workspace.build(FLAG, '--sandbox_default_allow_network=false', '@emscripten_cache//:libraries')
    assert {s['runner'] for s in spawns} == {'linux-sandbox'}
    assert archives(workspace, FLAG) == changed
    recipes = catalogue.recipes(parse_mode('wasm32-lto'), ['libal', 'crt1', 'libnoexit', 'libsockets', 'libc++abi-noexcept'])
    objects = sum(len(r.members) for r in recipes.values()) + len(recipes['libal'].members) + len(recipes['libnoexit'].members)
    assert counted(spawns) == {'EmscriptenObject': objects, 'EmscriptenArchive': 6}
    query = 'mnemonic("Emscripten(Object|Archive)", deps(@emscripten_cache//:libraries))'
    for action in workspace.actions(query, FLAG)['actions']:
        assert not [a for a in action['arguments'] if a.startswith('/') or str(tmp_path) in a], action['arguments']
    source.write_text(text, encoding='utf-8')
    assert counted(workspace.build(FLAG, '@emscripten_cache//:libraries')) == {
        'EmscriptenHeaders': 1, 'EmscriptenObject': 2, 'EmscriptenArchive': 2}
    assert archives(workspace, FLAG) == expected
