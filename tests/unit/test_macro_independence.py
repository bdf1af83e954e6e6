"""Macros in which two compiles may differ and still have the same result. The proof is in
`emroot/engine/reuse/macro_independence.py`.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import cast

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from support.running import cannot_run

from emroot.engine.reuse.included_files import FileDigests
from emroot.engine.reuse.macro_independence import TokenSets


class _Folder:
    """Files of a folder by their names, as far as `TokenSets` looks at them."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def path(self, name: str) -> Path:
        return self.directory / name


def differs(directory: Path, *values: str, names: tuple[str, ...] = ('NDEBUG',), **files: str) -> bool:
    """Whether the compiler may get to see how names are defined that the command line gives; `values` of macros of it."""
    for name, text in files.items():
        (directory / name).write_bytes(text.encode('latin-1'))
    occurrence, closure = TokenSets(cast(FileDigests, _Folder(directory)), names), tuple((name, '') for name in files)
    return any(occurrence.may_contain(name, closure, values) for name in names)


def test_a_name_that_stands_nowhere_does_not_come_up(tmp_path: Path) -> None:
    assert not differs(tmp_path, a='int x;', b='NDEBUGX XNDEBUG NDEBUG_')
    assert differs(tmp_path, a='int NDEBUG;')
    assert differs(tmp_path, a='int x; // NDEBUG')


def test_a_name_may_be_joined_from_others(tmp_path: Path) -> None:
    assert differs(tmp_path, a='NDE BUG')
    assert differs(tmp_path, 'NDE', a='BUG')
    assert differs(tmp_path, h='#define JOIN(a, b) a##b', c='void f(int x) { JOIN(NDE, BUG)(x); }')
    assert differs(tmp_path, names=('X1u',), a='X', b='1u')


LINES = ['#ifdef NX', '#ifndef N', '#ifdef A', '#else', '#endif', '#define A', '#define A N', '#define N X', '#define N',
         '#define B(a) CAT(N, a)', '#undef N', '#undef A', 'CAT(N, X)', 'CAT(A, X)', 'CAT(B(), X)', 'B(X)', 'N', 'X', 'A', 'NX',
         'NXA', 'int x;', '// A', '/* N', '*/', '"N"', '']


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(header=st.lists(st.sampled_from(LINES), max_size=8), source=st.lists(st.sampled_from(LINES), max_size=8),
       given_macros=st.sampled_from([['-DNX'], ['-DNX=2'], ['-DNX=X', '-DNXA'], ['-DAX=N']]))
def test_what_does_not_come_up_makes_no_difference_to_a_preprocessor(tmp_path: Path, header: list[str], source: list[str],
                                                                    given_macros: list[str]) -> None:
    compiler = shutil.which('cc') or shutil.which('clang')
    if compiler is None:
        cannot_run('there is no C compiler')
        return
    files = {'h': '\n'.join(header), 'c': '\n'.join(['#define CAT(a, b) a##b', '#include "h"', *source, ''])}
    names = tuple(macro[2:].partition('=')[0] for macro in given_macros)
    assume(not differs(tmp_path, *(macro.partition('=')[2] for macro in given_macros), names=names, **files))
    command = [compiler, '-E', '-P', '-x', 'c', str(tmp_path / 'c')]
    plain, other = (subprocess.run([*command, *more], capture_output=True, check=False) for more in ([], given_macros))
    assert (plain.returncode, plain.stdout) == (other.returncode, other.stdout)
