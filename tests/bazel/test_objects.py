"""Libraries object by object: the bytes are those of libraries that are built whole, and no more is done than must be."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from support.reference_sdk import ReferenceSdk
from support.sdk_copies import copy_sdk, rewrite
from support.workspace import DECLARED, OBJECTS, Workspace, module_file

from emroot.host.home import Home
from emroot.libraries.catalogue import Catalogue
from emroot.modes import parse_mode
from emroot.sdk import Sdk

CACHES = (
    'cache(features = ["wasm32"], targets = ["libal", "libnoexit", "libc_optz-asan"])',
    'cache(features = ["wasm32", "lto"], targets = ["libal", "crt1", "libnoexit", "libsockets", "libc++abi-noexcept"])')


def counted(spawns: list[dict[str, Any]]) -> Counter[str]:
    """How many spawns there were of each kind, compiles of C++ among those of C."""
    return Counter(s['mnemonic'].removesuffix('Cpp') for s in spawns if s['mnemonic'].startswith('Emscripten'))


def test_object_by_object(scratch: Callable[..., Workspace], bazel_sdk: Sdk, shared_home: Home, tmp_path: Path) -> None:
    root = copy_sdk(bazel_sdk.root, tmp_path / 'sdk')
    workspace = scratch({'MODULE.bazel': module_file(f'sdk(path = "{root}")', *CACHES)}, reads=[tmp_path / 'sdk'])
    workspace.options = [o for o in workspace.options if not o.startswith('--disk_cache')]  # from cold
    whole = workspace.build(DECLARED)
    expected = workspace.archives()

    assert counted(whole) == {'EmscriptenLibrary': 8}  # wasm32's crt1 is that of wasm32-lto, too
    catalogue, reference = Catalogue(bazel_sdk, shared_home), ReferenceSdk(bazel_sdk)
    listing = catalogue.listing(parse_mode('wasm32-lto'))
    for target in ('libal', 'crt1'):  # C: what C++ says of its headers' place is that of another SDK here
        path = listing.libraries[target].path
        assert expected[path] == reference.build(parse_mode('wasm32-lto'), [target], listing)[target], path

    # A changed source: what holds it, in both modes, and nothing else.
    source = root / 'system/lib/al.c'
    text = source.read_text(encoding='utf-8')
    rewrite(source, f'{text}\nint emroot_was_here;\n')
    assert counted(workspace.build(DECLARED)) == {'EmscriptenLibrary': 2}
    changed = workspace.archives()
    assert {path for path in expected if changed[path] != expected[path]} == {p for p in expected if p.endswith('/libal.a')}

    # Object by object: nothing but declared inputs, the same bytes.
    spawns = workspace.build(OBJECTS, '--sandbox_default_allow_network=false', DECLARED)
    assert {s['runner'] for s in spawns} == {'linux-sandbox'}
    assert workspace.archives(OBJECTS) == changed
    recipes = catalogue.recipes(parse_mode('wasm32-lto'), ['libal', 'crt1', 'libnoexit', 'libsockets', 'libc++abi-noexcept'])
    others = catalogue.recipes(parse_mode('wasm32'), ['libal', 'libnoexit', 'libc_optz-asan'])
    objects = sum(len(recipe.members) for recipe in (*recipes.values(), *others.values()))
    assert counted(spawns) == {'EmscriptenObject': objects, 'EmscriptenArchive': 7}
    query = f'mnemonic("Emscripten(Object|ObjectCpp|Archive)", deps({DECLARED}))'
    for action in workspace.actions(query, OBJECTS)['actions']:
        assert not [a for a in action['arguments'] if a.startswith('/') or str(tmp_path) in a], action['arguments']
    rewrite(source, text)
    assert counted(workspace.build(OBJECTS, DECLARED)) == {'EmscriptenObject': 2, 'EmscriptenArchive': 2}
    assert workspace.archives(OBJECTS) == expected

    # A changed header: what includes it. The objects are the same, so that nothing is joined.
    rewrite(root / 'system/include/AL/alc.h', (root / 'system/include/AL/alc.h').read_text(encoding='utf-8') + '\n')
    assert counted(workspace.build(OBJECTS, DECLARED)) == {'EmscriptenObject': 2}
    assert counted(workspace.build(DECLARED)) == {'EmscriptenLibrary': 8}  # one archive has the headers of all
    assert workspace.archives() == expected
