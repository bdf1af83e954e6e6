"""When a port in a cache directory is no longer current: its inputs, and directories of sources that were given."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from emroot.probe.port_inputs import GIVEN, LISTED, READ, are_current, stamp


def _edit(source: Path) -> None:
    source.write_text('int b;\n')


def _back_in_time(source: Path) -> None:
    os.utime(source, ns=(1, 1))


def _add(source: Path) -> None:
    (source.parent / 'more.c').touch()


def _rename(source: Path) -> None:
    source.rename(source.with_name('b.c'))


@pytest.mark.parametrize('change', [_edit, _back_in_time, _add, _rename])
def test_a_directory_of_sources_is_not_what_it_was(tmp_path: Path, change: Callable[[Path], None]) -> None:
    source = tmp_path / 'zlib/src/a.c'
    source.parent.mkdir(parents=True)
    source.write_text('int a;\n')
    (tmp_path / 'zlib/gone').symlink_to('nowhere')
    for path in (source, source.parent, tmp_path / 'zlib'):
        os.utime(path, ns=(5, 5))
    inputs = [[GIVEN, str(tmp_path / 'zlib'), stamp(GIVEN, str(tmp_path / 'zlib'))]]
    assert are_current(inputs)
    change(source)
    assert not are_current(inputs)


def test_what_was_made_of_sources_that_are_gone_stays(tmp_path: Path) -> None:
    (tmp_path / 'zlib').mkdir()
    inputs = [[GIVEN, str(tmp_path / 'zlib'), stamp(GIVEN, str(tmp_path / 'zlib'))]]
    shutil.rmtree(tmp_path / 'zlib')
    assert are_current(inputs)
    assert not are_current([[how, str(tmp_path / 'zlib'), [0, 1]] for how in (READ, LISTED)])


def test_a_file_that_vanishes_while_a_directory_is_read_ends_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    inputs = [[GIVEN, str(tmp_path), stamp(GIVEN, str(tmp_path))]]
    (tmp_path / 'a.c').write_text('int a;\n')
    monkeypatch.setattr(os, 'walk', lambda directory: [(directory, [], ['a.c', 'gone.c'])])
    assert not are_current(inputs)
