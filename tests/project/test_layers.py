"""Rooms import only what lies below them, and no modules each other: `dev.py check` fails for the line that breaks it."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from dev.check import ROOT, check_layers


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A copy of the package, to be spoilt."""
    return shutil.copytree(ROOT / 'src' / 'emroot', tmp_path / 'emroot', ignore=shutil.ignore_patterns('__pycache__', '*.index'))


def test_the_package_keeps_its_layers(package: Path):
    checked = check_layers(package.parent)
    assert checked.returncode == 0, checked.stdout


@pytest.mark.parametrize(('module', 'line', 'named'), [
    ('store/gc.py', 'from ..engine import build', 'emroot.store is not allowed to import emroot.engine'),
    ('engine/result.py', 'from ..cli.ui import log', 'emroot.engine is not allowed to import emroot.cli'),
    ('errors.py', 'from .host.files import remove', 'emroot.errors is not allowed to import emroot.host'),
    ('sdk/model.py', 'from .discovery import find_sdk', 'No cycles are allowed in emroot.sdk'),
    ('engine/objects.py', 'from .build_executor import SIMPLE', 'No cycles are allowed in emroot.engine')])
def test_a_line_that_breaks_a_layer_is_named(package: Path, module: str, line: str, named: str):
    text = (package / module).read_text(encoding='utf-8')
    (package / module).write_text(f'{text}\n\ndef late() -> None:\n    {line}\n', encoding='utf-8')
    checked = check_layers(package.parent)
    assert checked.returncode == 1 and named in checked.stdout, checked.stdout


def test_a_room_without_a_layer_is_named(package: Path):
    (package / 'utils.py').write_text('')
    checked = check_layers(package.parent)
    assert checked.returncode == 1 and 'utils' in checked.stdout, checked.stdout


def test_the_architecture_names_rooms_and_files_that_there_are():
    text = (ROOT / 'docs' / 'architecture.md').read_text(encoding='utf-8')
    named = set(re.findall(r'`((?!lib/)\w[\w/]*\.(?:py|bzl|c)|\w+/(?:\w+/)*)(?=[`:])', text)) - {'options.c'}
    assert len(named) > 60
    assert sorted(name for name in named if not (ROOT / name).exists() and not (ROOT / 'src/emroot' / name).exists()) == []
    rooms = {path.name for path in (ROOT / 'src/emroot').iterdir() if (path / '__init__.py').is_file()}
    assert {room for room in rooms if f'`{room}/`' not in text} == set()
