"""Some of Emscripten's own tests: what passes with plain emcc passes below `emroot run`."""

from __future__ import annotations

from pathlib import Path

import pytest
import upstream
from support.downloads.sources import SourceUnavailable
from support.running import cannot_run
from upstream.__main__ import main

#: Those that take little, of suites whose libraries most links share.
QUICK = Path(upstream.__file__).with_name('quick.txt').read_text(encoding='utf-8').split()
#: The ways to run them, and which half of them.
RUNS = [(way, half) for way in ('lazy', 'predict', 'frozen') for half in (0, 1)]


@pytest.mark.parametrize(('way', 'half'), [RUNS[0], *(pytest.param(*run, marks=pytest.mark.slow) for run in RUNS[1:])])
def test_what_passes_with_plain_emcc_passes_with_emroot(way: str, half: int, capsys: pytest.CaptureFixture[str]):
    """`dev.py upstream-tests` runs all of the list."""
    assert len(QUICK) == 40
    try:
        code = main(['--again', '--quick', '--ways', way, *QUICK[half::2]])
    except SourceUnavailable as error:
        cannot_run(str(error))
    said = capsys.readouterr()
    assert code == 0, said.err
    [row] = [line for line in said.out.splitlines() if line.startswith('| all |')]
    passed, _, ran = row.split(' | ')[4].split()
    assert passed == ran and (ran == '20' or way == 'frozen'), said.out  # some leave themselves out where caches are frozen
