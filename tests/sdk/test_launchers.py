"""Real launchers with a real compiler: ccache, and recc with a real execution server."""

from __future__ import annotations

import shlex
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from support.running import Emroot
from support.servers import casd, tools
from support.snapshots import archives, counts

SELECTION = ('--targets', 'libnoexit,libembind,libal', '--json')


@pytest.fixture
def expected(built: Callable[[tuple[str, ...]], Path]) -> dict[str, str]:
    return archives(built(('libnoexit', 'libembind', 'libal')))


def _program(directory: Path, name: str) -> Path:
    """Starts one of the tools."""
    directory.mkdir(exist_ok=True)
    program = directory / name
    program.write_text(f'#!/bin/sh\nexec {shlex.join(tools().command(name))} "$@"\n')
    program.chmod(0o755)
    return program


@pytest.mark.slow
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


@pytest.mark.slow
def test_recc_has_a_server_compile_with_the_same_bytes(seen_home: Callable[[Path], Emroot], expected: dict[str, str],
                                                       tmp_path: Path):
    recc = _program(tmp_path / 'bin', 'recc')
    runner = _program(tmp_path / 'bin', 'buildbox-run-hosttools')
    logs = tmp_path / 'logs'
    logs.mkdir()
    with casd(tmp_path / 'casd', runner) as port:
        env = {'RECC_SERVER': f'http://127.0.0.1:{port}', 'no_proxy': '127.0.0.1', 'RECC_LOG_LEVEL': 'info',
               'RECC_LOG_DIRECTORY': str(logs)}
        for _ in range(2):
            shutil.rmtree(tmp_path / 'home', ignore_errors=True)
            ran = seen_home(tmp_path / 'home')('build', *SELECTION, '--launcher', recc, env=env)
            assert ran.code == 0 and 'warning' not in ran.err, ran.err
            assert archives(Path(ran.json['cache'])) == expected
    said = ''.join(log.read_text() for log in logs.rglob('*') if log.is_file())
    compiled = counts(ran.json)[0]
    assert said.count('Remote execution finished with exit code 0') == said.count('Action Cache hit') == compiled > 0, said
