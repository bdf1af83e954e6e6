"""The command line loads `inspect` and `ipaddress` for nothing but their use."""

from __future__ import annotations

import subprocess
import sys

import pytest
from support.running import SOURCE


@pytest.mark.parametrize(('use', 'expected'), [
    ('pass', 'DeferredModule'), ('from inspect import signature', 'module'), ('inspect.signature(print)', 'module'),
    ('@dataclasses.dataclass\nclass Point:\n    x: int\nassert Point.__doc__ == "Point(x: int)"', 'module'),
    ('@dataclasses.dataclass\nclass Point:\n    """A point."""\n    x: int', 'DeferredModule')])
@pytest.mark.skipif(sys.version_info >= (3, 13), reason='its dataclasses ask inspect for annotations')
def test_inspect_is_loaded_for_what_uses_it(use: str, expected: str) -> None:
    program = ('import sys, emroot.cli, emroot.engine.build, emroot.libraries.resolution, dataclasses, inspect\n' + use +
               '\nprint(type(sys.modules["inspect"]).__name__)')
    assert _output(program) == f'{expected}\n'


@pytest.mark.parametrize(('use', 'expected'), [
    ('pass', 'DeferredModule'), ('urllib.parse.urlsplit("grpc://[::1]:8980")', 'module'),
    ('try:\n    urllib.parse.urlsplit("grpc://[nonsense]:8980")\nexcept ValueError:\n    pass', 'module')])
@pytest.mark.skipif(not (3, 11, 4) <= sys.version_info < (3, 13), reason='there urllib.parse is pathlib\'s, and imports it')
def test_ipaddress_is_loaded_for_addresses_in_brackets(use: str, expected: str) -> None:
    program = f'import sys, emroot.cli, emroot.engine.build, urllib.parse\n{use}\nprint(type(sys.modules["ipaddress"]).__name__)'
    assert _output(program) == f'{expected}\n'


def test_whoever_has_loaded_it_keeps_it() -> None:
    program = 'import inspect, emroot.cli, sys\nprint(sys.modules["inspect"] is inspect, inspect.isclass(int))'
    assert _output(program) == 'True True\n'


def _output(program: str) -> str:
    return subprocess.run([sys.executable, '-c', program], env={'PYTHONPATH': str(SOURCE)}, capture_output=True, text=True,
                          check=True).stdout
