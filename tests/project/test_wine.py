"""What differs most between systems, with Windows' own Python under Wine: `dev.py windows`."""

from __future__ import annotations

import pytest
from support.running import cannot_run
from support.windows import wine


@pytest.mark.slow
def test_emroot_works_with_the_python_of_windows(capfd: pytest.CaptureFixture[str]):
    try:
        wine.ensure_wine()
    except wine.WineUnavailable as why:
        cannot_run(f"tests under Windows' Python: {why}")
    assert wine.main([]) == 0, capfd.readouterr().out[-6000:]
