"""The table from which analysis takes the libraries of a link: emcc is asked once for each combination of features."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from ...errors import SdkError
from ...libraries.catalogue import Catalogue
from ...probe import ask

LINKS = Path(__file__).with_name('link_queries.py')


def link_table(catalogue: Catalogue, request: dict[str, Any]) -> tuple[dict[str, list[str]], dict[str, Any]]:
    """The targets of each combination of features, in link order; and those that each extra feature adds and removes."""
    dimensions: list[list[Any]] = request['dimensions']
    flags = {(name, value): words for name, choices in dimensions for value, words in choices.items()}
    chosen = combinations(dimensions, request['excluded'])
    plain = {name: next(iter(choices)) for name, choices in dimensions}
    base = [*request['flags'], *request['always']]

    def words(choice: dict[str, str]) -> list[str]:
        own = [word for item in choice.items() for word in flags[item]]
        return [linker(own), 'main.o', *base, *own]
    asked = [words(choice) for choice in chosen]
    extras = []
    for name, extra in request['extras'].items():
        over = [[d, c] for d, c in dimensions if d in extra['depends_on']]
        extras += [(name, {**plain, **choice}, extra['flags']) for choice in combinations(over, [])]
    asked += [[*words(choice), *more] for _, choice, more in extras]
    sdk = catalogue.sdk
    answers = ask(sdk.python, sdk.root, 'links', catalogue.environment(), program=LINKS, links=asked)['links']
    found = [None if not a or 'rejected' in a else [target for target, _ in a['libraries']] for a in answers]
    if found[0] is None:
        reason = (answers[0] or {}).get('rejected', 'it said nothing').strip()
        raise SdkError(f'emcc refuses even a plain link: {reason}', hint='check the SDK with `emroot doctor`')
    table = {key(choice): targets for choice, targets in zip(chosen, found[:len(chosen)], strict=True) if targets is not None}
    differences: dict[str, Any] = {name: {} for name in request['extras']}
    for (name, choice, _), targets in zip(extras, found[len(chosen):], strict=True):
        before = table.get(key(choice))
        if targets is not None and before is not None:
            on = {d: choice[d] for d in request['extras'][name]['depends_on']}
            differences[name][key(on)] = [[t for t in targets if t not in before], [t for t in before if t not in targets]]
    return table, differences


def combinations(dimensions: Sequence[Sequence[Any]], excluded: Iterable[Sequence[Sequence[str]]]) -> list[dict[str, str]]:
    """All combinations of one value per dimension, without those that contain an excluded pair."""
    pairs = [tuple(tuple(item) for item in pair) for pair in excluded]
    found = []
    for values in itertools.product(*(choices for _, choices in dimensions)):
        chosen = dict(zip((name for name, _ in dimensions), values, strict=True))
        if not any(all(chosen.get(name) == value for name, value in pair) for pair in pairs):
            found.append(chosen)
    return found


def key(chosen: dict[str, str]) -> str:
    """The name of a combination (`features.bzl: combination_name`)."""
    return ','.join(f'{name}={value}' for name, value in sorted(chosen.items()))


def linker(arguments: Sequence[str]) -> str:
    """The linker driver, as `link_action.py` chooses it: em++ links the C++ runtime even with -sDEFAULT_TO_CXX=0."""
    return 'emcc' if '-sDEFAULT_TO_CXX=0' in arguments else 'em++'
