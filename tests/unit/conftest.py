"""What several files of unit tests take."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.hooked_emcc import HookedEmcc


@pytest.fixture
def emcc(tmp_path: Path) -> HookedEmcc:
    """Below `emroot run --lazy=off`."""
    return HookedEmcc.make(tmp_path)


@pytest.fixture
def lazy(emcc: HookedEmcc) -> HookedEmcc:
    """Below `emroot run`."""
    emcc.configure(lazy=True)
    return emcc
