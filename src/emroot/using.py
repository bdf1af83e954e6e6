"""What makes an emcc use a cache directory."""

from __future__ import annotations

import os
from pathlib import Path

from .catalogue import Catalogue


def emcc_variables(catalogue: Catalogue, cache: Path) -> dict[str, str]:
    """The variables that make emcc use the cache directory, frozen: what is missing is an error, not a slow link. PATH finds
    the SDK's emcc first; EM_CONFIG is among them if the SDK has no configuration of its own and none is set."""
    sdk = catalogue.sdk
    variables = {'EM_CACHE': str(cache), 'EM_FROZEN_CACHE': '1'}
    if not sdk.configured and 'EM_CONFIG' not in os.environ:
        catalogue.environment()
        variables['EM_CONFIG'] = str(catalogue.config)
    path = os.environ.get('PATH', '')
    if str(sdk.root) not in path.split(os.pathsep):
        path = os.pathsep.join([str(sdk.root), path]) if path else str(sdk.root)
    return {**variables, 'PATH': path}
