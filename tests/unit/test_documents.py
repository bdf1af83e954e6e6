"""The how-to pages hold what is run, and nothing else that looks as if it were."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from support.documents import DOCS, Step, steps

PAGES = [*sorted((DOCS / 'how-to').glob('*.md')), DOCS / 'tutorial.md']


@pytest.mark.parametrize('page', PAGES, ids=lambda page: page.stem)
def test_every_command_of_a_page_is_run(page: Path):
    text = page.read_text(encoding='utf-8')
    assert text.count('```console') == text.count('<!-- runs -->\n```console') > 0
    shown = [line[2:] for line in text.splitlines() if line.startswith('$ ')]
    assert [step.text.split('    ')[0].strip() for step in steps(page) if step.kind == 'run'] == [s.rstrip(' \\') for s in shown]


@pytest.mark.parametrize('page', PAGES, ids=lambda page: page.stem)
def test_every_page_is_found_from_the_front_page(page: Path):
    assert page.relative_to(DOCS.parent).as_posix() in (DOCS.parent / 'README.md').read_text(encoding='utf-8')
    assert re.match(r'# [A-Z][^\n]+\n\n', page.read_text(encoding='utf-8'))


def test_marks_say_what_becomes_of_a_block(tmp_path: Path):
    page = tmp_path / 'page.md'
    page.write_text('<!-- in: libx -->\n<!-- file: a/b.ini -->\n```ini\nk = 1\n```\ntext\n```console\n$ not this\n```\n'
                    '<!-- runs -->\n```console\n$ one \\\n  two\nit says\n$ three\n```\n')
    assert steps(page) == [Step('in', 'libx'), Step('file', 'a/b.ini', 'k = 1\n'), Step('run', 'one   two'), Step('run', 'three')]
