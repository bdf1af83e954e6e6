"""Libraries as actions: what they depend on, and what they make."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.reference_sdk import ReferenceSdk
from support.workspace import DECLARED, OBJECTS, Workspace, libraries, module_file

from emroot.host.home import Home
from emroot.libraries.catalogue import Catalogue
from emroot.modes import parse_mode
from emroot.sdk import Sdk

MODULE = module_file(
    'cache(features = ["wasm64", "lto"], targets = ["libal", "crt1", "libembind-rtti"])',
    'cache(features = ["pic", "wasm32"], targets = ["libhtml5", "crtbegin-mt", "libnoexit"], builder = "embuilder")',
    'cache(features = ["wasm32"], targets = ["libGL-emu*webgl2"])')
SOURCE = {'libal', 'crt1', 'libembind-rtti'}
EMBUILDER = {'libhtml5', 'crtbegin-mt', 'libnoexit'}


def keys(document: dict[str, Any]) -> list[tuple[str, tuple[str, ...]]]:
    """Key and command line of each action."""
    return sorted((a['actionKey'], tuple(a['arguments'])) for a in document['actions'])


QUERY = f'mnemonic("Emscripten.*", deps({DECLARED}))'


def test_caches_side_by_side(scratch: Callable[..., Workspace], bazel_sdk: Sdk, shared_home: Home, tmp_path: Path,
                             open_bazel: Callable[..., Workspace]) -> None:
    workspace = scratch({'MODULE.bazel': MODULE})
    workspace.options = [o for o in workspace.options if not o.startswith('--disk_cache')]  # from cold
    spawns = workspace.build(DECLARED, '--sandbox_default_allow_network=false')
    assert {s['runner'] for s in spawns} == {'linux-sandbox'}
    made = workspace.archives()

    catalogue, reference = Catalogue(bazel_sdk, shared_home), ReferenceSdk(bazel_sdk)
    for name, targets in (('wasm64-lto', SOURCE), ('wasm32-pic', EMBUILDER)):
        listing = catalogue.listing(parse_mode(name))
        expected = reference.build(parse_mode(name), sorted(targets), listing)
        assert {t: made[listing.libraries[t].path] for t in targets} == expected, f'bytes of {name}'
    assert [p for p in made if p.startswith('sysroot/lib/wasm32-emscripten/libGL-emu')], 'patterns'

    # No absolute path, no shell, no host tool in any command line.
    before = workspace.actions(QUERY)
    for action in before['actions']:
        assert not [a for a in action['arguments'] if a.startswith('/') or str(tmp_path) in a], action['arguments']
        assert action['arguments'][0].split('/')[-1] == 'python3'
        assert {e['key'] for e in action['environmentVariables']} == {'LC_ALL', 'PYTHONHASHSEED'}

    # Another output base, elsewhere: equal keys, equal bytes.
    workspace.bazel.close()
    other = open_bazel(workspace.directory, output_base=tmp_path / 'a' / 'longer' / 'path' / 'output')
    with other.bazel:
        other.options = workspace.options
        other.build(DECLARED)
        assert keys(other.actions(QUERY)) == keys(before)
        assert other.archives() == made


@pytest.mark.default
def test_one_more_target_is_one_more_action_and_object_by_object_it_is_the_same(scratch: Callable[..., Workspace]) -> None:
    workspace = scratch({'MODULE.bazel': MODULE})
    workspace.build('@emscripten_cache//wasm64-lto:libal')
    spawns = workspace.build('@emscripten_cache//wasm64-lto:libal', '@emscripten_cache//wasm64-lto:libhtml5')
    assert len(libraries(spawns, ran=False)) == 1
    assert workspace.build('@emscripten_cache//wasm64-lto:libal') == []
    whole = workspace.archives(of='@emscripten_cache//wasm64-lto:libal')
    spawns = workspace.build(OBJECTS, '@emscripten_cache//wasm64-lto:libal')
    assert {'EmscriptenObject', 'EmscriptenArchive'} <= {spawn['mnemonic'] for spawn in spawns}
    assert workspace.archives(OBJECTS, of='@emscripten_cache//wasm64-lto:libal') == whole != {}


@pytest.mark.slow
def test_bitcode_names_its_sources_as_embuilders_does(scratch: Callable[..., Workspace], bazel_sdk: Sdk,
                                                      shared_home: Home) -> None:
    """libc has a source that embuilder gives by its absolute path, and bitcode keeps that."""
    reference = ReferenceSdk(bazel_sdk)
    sdk = reference.as_sdk(shared_home)
    modes = {'wasm32-lto': 'source', 'wasm64-thinlto': 'embuilder'}
    tags = [f'cache(features = {json.dumps(parse_mode(mode).features)}, targets = ["libc"], builder = "{builder}")'
            for mode, builder in modes.items()]
    workspace = scratch({'MODULE.bazel': module_file(*tags)}, reference=sdk)
    workspace.options = [o for o in workspace.options if not o.startswith('--disk_cache')]  # from cold
    workspace.build(DECLARED)
    whole = workspace.archives()
    workspace.build(OBJECTS, DECLARED)
    objects = workspace.archives(OBJECTS)
    catalogue = Catalogue(sdk, shared_home)
    for mode in modes:
        listing = catalogue.listing(parse_mode(mode))
        path = listing.libraries['libc'].path
        assert whole[path] == objects[path] == reference.build(parse_mode(mode), ['libc'], listing)['libc'], mode
