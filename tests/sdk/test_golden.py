"""What a small library is made of, release by release: `tests/golden/recipe-*.json`."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from support.running import GOLDEN

from emroot.libraries.catalogue import Catalogue
from emroot.modes import parse_mode


@pytest.mark.each_sdk
@pytest.mark.parametrize(('mode', 'target'), [('wasm64-thinlto-pic', 'libstubs-debug'), ('wasm32', 'libembind')])
def test_recipes_are_the_golden_ones(catalogue: Catalogue, golden: Callable[[str, object], None],
                                     request: pytest.FixtureRequest, mode: str, target: str):
    version = catalogue.sdk.version
    if not request.config.getoption('--rewrite-golden') and not list(GOLDEN.glob(f'recipe-{version}-*')):
        pytest.skip(f'no golden recipe of Emscripten {version} yet: python3 dev.py test --rewrite-golden')
    recipe = catalogue.recipes(parse_mode(mode), [target])[target]
    golden(f'recipe-{version}-{target}', {
        'mode': mode, 'target': target, 'file': recipe.path.rpartition('/')[2], 'path': recipe.path, 'how': recipe.how,
        'members': [{'source': m.source, 'name': m.name, 'argv': list(m.argv)} for m in recipe.members]})
