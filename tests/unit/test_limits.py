"""How much of a machine a build may use: what the environment says, and what Linux's control groups leave."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.running import Emroot

from emroot.engine.execution.cgroups import memory_left, processors_allowed
from emroot.engine.execution.job_limits import JOBS, default_workers


def _groups(directory: Path, version: int, own: dict[str, str], above: dict[str, str], *, seen: str) -> tuple[Path, Path]:
    """A control group and the one above it, of memory and processors, at the path that is seen from a container, or not."""
    top = directory / 'memory,cpu' if version == 1 else directory
    for group, files in ((top / 'job' / 'step', own), (top / 'job', above)):
        group.mkdir(parents=True, exist_ok=True)
        for name, text in files.items():
            (group / name).write_text(text)
    (directory / 'cgroup').write_text(f'7:freezer:/\n{"3:memory,cpu" if version == 1 else "0:"}:{seen}\n')
    return directory / 'cgroup', directory


MEMORY = {2: ('memory.max', 'memory.current', 'inactive_file'),
          1: ('memory.limit_in_bytes', 'memory.usage_in_bytes', 'total_inactive_file')}


@pytest.mark.parametrize('version', [1, 2])
def test_memory_is_limited_by_groups_of_both_versions_and_by_those_above(version: int, tmp_path: Path):
    limit, used, idle = MEMORY[version]
    unlimited = 'max' if version == 2 else str((1 << 63) - 4096)
    own = {limit: unlimited, used: '10', 'memory.stat': f'{idle} 1\n'}
    above = {limit: '1000', used: '300', 'memory.stat': f'{idle} 50\n'}
    assert memory_left(*_groups(tmp_path, version, own, above, seen='/job/step')) == 750
    assert memory_left(*_groups(tmp_path, version, own, above, seen='/')) is None


@pytest.mark.parametrize('version', [1, 2])
def test_processors_are_limited_by_groups_of_both_versions(version: int, tmp_path: Path):
    def quota(quota: str, period: str = '100000') -> dict[str, str]:
        return {'cpu.max': f'{quota} {period}\n'} if version == 2 else {'cpu.cfs_quota_us': f'{quota}\n',
                                                                         'cpu.cfs_period_us': f'{period}\n'}
    none = 'max' if version == 2 else '-1'
    assert processors_allowed(*_groups(tmp_path, version, quota(none), quota('350000'), seen='/job/step')) == 4
    assert processors_allowed(*_groups(tmp_path, version, quota('20000'), quota('350000'), seen='/job/step')) == 1
    assert processors_allowed(*_groups(tmp_path, version, quota(none), quota(none), seen='/job/step')) is None


def test_a_container_sees_its_own_group_at_the_top(tmp_path: Path):
    """The path in `/proc/self/cgroup` is one of the machine outside."""
    for name, text in {'memory.max': '100', 'memory.current': '20', 'memory.stat': '', 'cpu.max': '200000 100000'}.items():
        (tmp_path / name).write_text(text)
    (tmp_path / 'cgroup').write_text('0::/docker/0123\n')
    assert (memory_left(tmp_path / 'cgroup', tmp_path), processors_allowed(tmp_path / 'cgroup', tmp_path)) == (80, 2)


@pytest.mark.parametrize(('variables', 'expected'), [({'EMCC_CORES': '1'}, 1), ({'EMROOT_JOBS': '3', 'EMCC_CORES': '1'}, 3),
                                                     ({'EMCC_CORES': 'many'}, None), ({'EMCC_CORES': '0'}, None)])
def test_the_environment_says_how_many_jobs_run_at_once(variables: dict[str, str], expected: int | None,
                                                        monkeypatch: pytest.MonkeyPatch):
    """In the SDK's own words, or in ours."""
    for name in JOBS:
        monkeypatch.delenv(name, raising=False)
    usual = default_workers()
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert default_workers() == (expected or usual)


def test_of_what_says_how_many_jobs_the_command_line_counts_most(fake: Emroot):
    for options, expected in (([], 1), (['-j', '2'], 2)):
        fake('build', *options, '--targets', 'libcxx,crt1' if options else 'libone', '--trace', fake.home / 'trace',
             env={'EMCC_CORES': '1'})
        assert json.loads((fake.home / 'trace').read_text())['otherData']['workers'] == expected
    ran = fake('build', '--targets', 'libone', env={'EMROOT_JOBS': 'all'})
    assert ran.code == 2 and 'EMROOT_JOBS' in ran.err
