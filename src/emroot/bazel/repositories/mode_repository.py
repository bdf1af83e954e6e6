"""Asks an SDK about one mode, for `@emscripten_mode_<mode>`: writes `mode.json` and `reads.json`."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ...errors import UsageError
from ...hashing import canonical_json
from ...host.files import write_text
from ...host.home import Home
from ...libraries.catalogue import Catalogue, Library, Listing, Recipe
from ...modes import parse_features
from ...sdk import Sdk, find_sdk
from ..source_archives import CLANG, OTHERS, part_of
from .compile_inputs import compile_inputs
from .link_table import link_table

#: A C++ compile takes about this many times as long as a C compile.
_CPP_WEIGHT = 20


def fetch_mode(request: dict[str, Any], out: Path, home: Home) -> None:
    """Ask an SDK for the libraries of a mode, the libraries of each kind of link, and their recipes."""
    if request['config']:
        os.environ['EM_CONFIG'] = request['config']  # of a release, as `fetch_sdk` wrote it
    sdk = find_sdk(home, request['root'])
    catalogue = Catalogue(sdk, home)
    mode = parse_features(request['features'])
    listing = catalogue.listing(mode)
    owned, builders, builder = expand(listing, request['caches'])
    declared = list(dict.fromkeys(t for targets in owned.values() for t in targets))
    table, extras = link_table(catalogue, request)
    linked = dict.fromkeys(t for targets in table.values() for t in targets)
    linked.update(dict.fromkeys(t for found in extras.values() for added, _ in found.values() for t in added))
    asked = {t: library for t in [*linked, *declared] if (library := listing.library(t))}
    libraries = {**listing.libraries, **asked}
    shipped = find_shipped(sdk, libraries, request['prebuilt'])
    unshipped = [t for t in asked if t not in shipped]
    recipes = {t: r for t, r in catalogue.recipes(mode, unshipped).items() if r.how in ('archive', 'copy')}
    base = mode.without_lto
    theirs = catalogue.recipes(base, [t for t in linked if t in recipes]) if base != mode else {}
    read = compile_inputs(catalogue, Path(request['headers']), recipes, theirs)
    write_text(out / 'reads.json', canonical_json(read))
    theirs_shipped = _shipped_without_lto(sdk, catalogue.listing(base).libraries, request['prebuilt'], read) if theirs else {}
    ports = {t: item for t, item in declared_by(listing, request['caches']).items() if t not in asked}
    sets = sorted({tuple(targets) for targets in table.values()})
    numbers = {targets: number for number, targets in enumerate(sets)}
    write_text(out / 'mode.json', canonical_json({
        'mode': mode.name, 'flags': mode.embuilder_flags, 'declared': owned[''], 'owned': owned, 'extras': extras,
        'sets': sets, 'table': {name: numbers[tuple(targets)] for name, targets in table.items()},
        'libraries': {t: [lib.path, _weight(recipes.get(t), lib.objects)] for t, lib in libraries.items()},
        'archives': _archives(read), 'shipped': shipped, 'shipped_without_lto': theirs_shipped, 'base': base.name,
        'shared': {t: 'all' if len(entry['shared']) == len(entry['objects']) else 'some'
                   for t, entry in read['targets'].items() if entry['shared']},
        'ports': ports, 'builder': builder, 'builders': builders}))


def find_shipped(sdk: Sdk, libraries: Mapping[str, Library], prebuilt: Mapping[str, Any]) -> dict[str, str]:
    """The start of the label of each library that is there: in an archive that the module names (`prebuilt.json`), or else in the
    SDK. Raises `UsageError` for an archive of another SDK."""
    for digest, version in prebuilt['sdks'].items():
        if digest != sdk.digest:
            raise UsageError(f'emscripten_deps.prebuilt: the archive is of another SDK (Emscripten {version})',
                             hint=f'make it again with this SDK, {sdk.version} in {sdk.root}: emroot export')
    there, built = '@emscripten_sdk//:shipped/', set(prebuilt['libraries'])
    found = {t: '@emscripten_prebuilt//:shipped/' for t, lib in libraries.items() if lib.path in built}
    return {**{t: there for t, lib in libraries.items() if (sdk.root / 'cache' / lib.path).is_file()}, **found}


def _shipped_without_lto(sdk: Sdk, libraries: Mapping[str, Library], prebuilt: Mapping[str, Any],
                         read: Mapping[str, Any]) -> dict[str, str]:
    """The labels of what is there in the mode without LTO (`libraries`), of those targets of which some objects are the same."""
    there = find_shipped(sdk, libraries, prebuilt)
    partly = (t for t, entry in read['targets'].items() if 0 < len(entry['shared']) < len(entry['objects']))
    return {target: there[target] + libraries[target].path for target in partly if target in there}


def expand(listing: Listing, caches: Sequence[Mapping[str, Any]]) -> tuple[dict[str, list[str]], dict[str, str], str]:
    """Exact target names by owner (a module's name, empty for the root), builders by target, and the builder of all other
    targets. `auto` means the libraries that links need. `caches` has the root module first, and its builder wins."""
    owned: dict[str, list[str]] = {'': []}
    builders: dict[str, str] = {}
    others = 'source'
    for cache in caches:
        owner, builder = cache['owner'], cache['builder']
        if 'auto' in cache['targets'] and not owner:
            others = builder
        found = listing.expand([t for t in cache['targets'] if t != 'auto'])
        owned.setdefault(owner, []).extend(found)
        builders = {**dict.fromkeys(found, builder), **builders} if owner else {**builders, **dict.fromkeys(found, builder)}
    return owned, builders, others


def declared_by(listing: Listing, caches: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """The declaration behind each target: its own name, or else the pattern or group that matched it."""
    items = dict.fromkeys(t for cache in caches for t in cache['targets'] if t != 'auto')
    found = {target: item for item in items for target in listing.expand([item])}
    return {target: target if target in items else item for target, item in found.items()}


def _archives(read: Mapping[str, Any]) -> dict[str, list[str]]:
    """The archives of `@emscripten_sources` that have what the compiles of each target read."""
    parts = [part_of(path) for path in read['files']]
    sets = [{parts[number] for number in numbers} for numbers in read['sets']]
    return {target: sorted({CLANG, OTHERS}.union(*(sets[number] for kind in ('sources', 'headers') for number in {*entry[kind]})))
            for target, entry in read['targets'].items()}


def _weight(recipe: Recipe | None, objects: int) -> int:
    """The approximate cost of a library; the unit is one C compile."""
    return sum(_CPP_WEIGHT if member.argv[0] == 'clang++' else 1 for member in recipe.members) if recipe else objects
