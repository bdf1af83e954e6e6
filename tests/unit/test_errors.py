"""Errors: their exit codes, the nearest names, and what the operating system's refusals are said to be."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emroot import errors


@pytest.mark.parametrize(('error', 'code'), [
    (errors.UsageError, 2), (errors.SdkError, 3), (errors.UnknownNameError, 4), (errors.BuildError, 5),
    (errors.StoreError, 6), (errors.RemoteError, 7),
])
def test_exit_codes_are_those_of_the_contract(error: type[errors.EmrootError], code: int):
    assert error.exit_code == code
    assert errors.INTERRUPTED == 130


def test_the_page_of_the_command_line_has_every_exit_code():
    page = (Path(__file__).parents[2] / 'docs/reference/cli.md').read_text(encoding='utf-8').partition('## Exit codes')[2]
    codes = [error.exit_code for error in errors.EmrootError.__subclasses__()]
    assert all(f'| {code} | ' in page for code in [0, *codes, errors.INTERRUPTED])


def test_the_nearest_names_come_best_first_and_at_most_three():
    known = ['libc', 'libc-debug', 'libc-mt', 'libc-mt-debug', 'libcxx', 'zlib']
    assert errors.nearest('libc-dbug', known)[0] == 'libc-debug'
    assert len(errors.nearest('libc', known)) == 3
    assert errors.nearest('quite-other', known) == []


@given(st.lists(st.text(min_size=1), min_size=1))
def test_a_name_that_exists_is_its_own_nearest(known: list[str]):
    assert errors.nearest(known[0], known)[0].lower() == known[0].lower()


@pytest.mark.parametrize(('number', 'said', 'mended_by'), [
    (errno.ENOSPC, 'no space left', 'EMROOT_HOME'),
    (errno.EROFS, 'not writable', '--cache'),
    (errno.EACCES, 'not writable', '--cache'),
    (errno.EIO, os.strerror(errno.EIO), '--home'),
])
def test_a_refusal_to_write_says_what_why_where_and_what_mends_it(number: int, said: str, mended_by: str):
    error = errors.from_os_error(OSError(number, os.strerror(number), '/some/file'), 'adding to the store')
    assert error.exit_code == 6
    for part in (said, '/some/file', 'adding to the store'):
        assert part in error.message
    assert mended_by in error.hint
