"""Some of Emscripten's own tests: what passes with plain emcc passes below `emroot run`."""

from __future__ import annotations

import pytest
from upstream.__main__ import main

#: Of the suites whose libraries most links share.
SUITES = ('core0.*', 'wasm64.*', 'other.*')


@pytest.mark.slow
def test_what_passes_with_plain_emcc_passes_with_emroot(capsys: pytest.CaptureFixture[str]):
    """40 tests; `dev.py upstream-tests` runs all of the list."""
    code = main(['--slice', '40', '--ways', 'plain,lazy', *SUITES])
    assert code == 0, capsys.readouterr().err
