"""A real launcher with a real compiler."""

from __future__ import annotations

import shlex
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from support.running import Emroot
from support.servers import tools
from support.trees import archives, counts

SELECTION = ('--targets', 'libnoexit,libembind,libal', '--json')


@pytest.fixture
def expected(built: Callable[[tuple[str, ...]], Path]) -> dict[str, str]:
    return archives(built(('libnoexit', 'libembind', 'libal')))


def _program(place: Path, name: str) -> Path:
    """Starts one of the tools."""
    place.mkdir(exist_ok=True)
    program = place / name
    program.write_text(f'#!/bin/sh\nexec {shlex.join(tools().command(name))} "$@"\n')
    program.chmod(0o755)
    return program


def test_ccache_gives_the_same_bytes_and_has_them_the_next_time(seen_home: Callable[[Path], Emroot], expected: dict[str, str],
                                                               tmp_path: Path):
    ccache = _program(tmp_path / 'bin', 'ccache')
    env = {'CCACHE_DIR': str(tmp_path / 'ccache'), 'CCACHE_STATSLOG': str(tmp_path / 'stats')}
    for name in ('one', 'two'):
        shutil.rmtree(tmp_path / 'home', ignore_errors=True)  # it was lost, ccache's was not
        ran = seen_home(tmp_path / 'home')('build', *SELECTION, '--launcher', ccache, env=env)
        assert ran.code == 0 and 'warning' not in ran.err, ran.err
        assert archives(Path(ran.json['cache'])) == expected
        stats = (tmp_path / 'stats').read_text().splitlines()
        (tmp_path / 'stats').unlink()
        compiled = counts(ran.json)[0]
        hits = stats.count('direct_cache_hit') + stats.count('preprocessed_cache_hit')
        assert (stats.count('cache_miss'), hits) == ((compiled, 0) if name == 'one' else (0, compiled))
