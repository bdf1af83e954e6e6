"""Which files each compile of a mode reads, for build actions to declare: `reads.json`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ...libraries.catalogue import Catalogue, Recipe
from .include_scanner import IncludeScanner, Numbers


def compile_inputs(catalogue: Catalogue, headers: Path, recipes: Mapping[str, Recipe],
                   without_lto: Mapping[str, Recipe]) -> dict[str, Any]:
    """The files that the compiles of a mode read (`headers`: as the SDK installed them), and the members that are the same
    compile in the mode without LTO.

    `{"files": [paths in the SDK's repository], "sets": [[numbers of files]], "targets": {name: {"all": number of the set of all
    sources, "sources": [number of the set of each member's], "headers": [number of the set of each member's installed headers
    and clang's own], "shared": [numbers of members], ...as `recipe_document`}}}`. Sources and
    headers are two sets, because many members share headers. Some libraries and parts of libc ignore LTO: they are built once.
    """
    includes, numbers = IncludeScanner(catalogue.sdk, headers), Numbers()
    targets = {}
    for target, recipe in recipes.items():
        each = [divide(includes.closure(member)) for member in recipe.members]
        known = {(m.name, m.source, m.argv) for m in without_lto[target].members} if target in without_lto else set()
        targets[target] = {**recipe_document(recipe),
                           'all': numbers.of(sorted({path for sources, _ in each for path in sources})),
                           'sources': [numbers.of(sources) for sources, _ in each], 'headers': [numbers.of(h) for _, h in each],
                           'shared': [n for n, m in enumerate(recipe.members) if (m.name, m.source, m.argv) in known]}
    return {'files': numbers.files, 'sets': numbers.sets, 'targets': targets}


def recipe_document(recipe: Recipe) -> dict[str, Any]:
    """A recipe in the form that `library_builder.py` reads: each distinct command once."""
    commands = list(dict.fromkeys(member.argv for member in recipe.members))
    numbers = {argv: number for number, argv in enumerate(commands)}
    return {'how': recipe.how, 'commands': commands,
            'objects': [[m.source, m.name, numbers[m.argv]] for m in recipe.members]}


def divide(closure: Sequence[str]) -> tuple[list[str], list[str]]:
    """Split a closure into the SDK's sources, and installed headers with clang's own."""
    sources = [path for path in closure if path.startswith('emscripten/')]
    return sources, [path for path in closure if not path.startswith('emscripten/')]
