"""What a build says it came to."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from support.synthetic_sdk import synthetic_sdk

from emroot.cli.builds import summary
from emroot.engine.result import BuildResult, Failure, ModeResult
from emroot.modes import parse_mode


def _result() -> BuildResult:
    modes = {parse_mode('wasm64-lto'): ModeResult(built=['libc'], reused=['crt1'], failed=[Failure('libx', 'why', 'repeat')],
                                                   why=Counter(in_store=3, same_in_family=1))}
    return BuildResult(sdk=synthetic_sdk(), cache=Path('/cache'), modes=modes, compiled=3, reused=4,
                       seconds=1.23456, cpu_seconds=2)


def test_the_document_is_the_contracts():
    assert _result().to_json() == {
        'sdk': {'root': '/paper/emscripten', 'version': '9.9.9', 'digest': 'd' * 64}, 'cache': '/cache',
        'modes': {'wasm64-lto': {'built': ['libc'], 'reused': ['crt1'], 'failed': [{'target': 'libx', 'error': 'why'}]}},
        'objects': {
            'compiled': 3, 'reused': 4, 'recognised': 0,
            'why': {'in_cache_directory': 0, 'archive_in_base': 0, 'archive_in_store': 0, 'archive_from_remote': 0,
                        'in_store': 3, 'same_in_family': 1,
                    'compiled_once_in_this_build': 0}},
        'seconds': 1.235}


def test_the_closing_line_counts_targets_objects_and_time():
    line = summary(_result())
    for part in ('1 built', '1 reused', '1 failed', '3 objects compiled', '4 reused', '1.2 s'):
        assert part in line


def test_failures_are_only_spoken_of_if_there_are_any():
    result = _result()
    next(iter(result.modes.values())).failed.clear()
    assert 'failed' not in summary(result)
    assert result.failures == []
