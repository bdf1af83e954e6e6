"""The how-to pages hold what is run, and nothing else that looks as if it were."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.documents import DOCS, Step, steps

from emroot.cli.parser import make_parser

ROOT = DOCS.parent
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


#: Pages with commands that are not run as they stand, because they need a server, a shell or a clone: that emroot takes these
#: arguments is looked at.
UNRUN = {'README.md', 'docs/tutorial.md', 'docs/how-to/shell.md', 'docs/how-to/share.md', 'docs/bazel.md', 'CONTRIBUTING.md',
         'docs/architecture.md', 'docs/reference/store.md'}


def _unmarked(page: Path) -> Iterator[tuple[str, str]]:
    """Blocks that no mark stands before: language and content."""
    text = re.sub(r'<!-- [^\n]+ -->\s*```\w*\n.*?^```', '', page.read_text(encoding='utf-8'), flags=re.MULTILINE | re.DOTALL)
    yield from re.findall(r'^```(\w*)\n(.*?)^```', text, re.MULTILINE | re.DOTALL)


EVERYWHERE = sorted([*ROOT.glob('*.md'), *DOCS.rglob('*.md')])


@pytest.mark.parametrize('page', EVERYWHERE, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_commands_that_are_not_run_as_they_stand_are_ones_of_emroot(page: Path):
    blocks = [content for language, content in _unmarked(page) if language in ('', 'sh', 'bash', 'console', 'powershell')]
    assert not blocks or page.relative_to(ROOT).as_posix() in UNRUN
    for line in ''.join(blocks).splitlines():
        inner = re.search(r'(?:^|\$\()emroot (.*?)(?:\)"?$|$)', line.partition('  #')[0].strip())
        if inner:
            words = shlex.split(re.split(r' [|>] ', inner[1])[0])
            assert make_parser().parse_args(words).run, line


def test_marks_say_what_becomes_of_a_block(tmp_path: Path):
    page = tmp_path / 'page.md'
    page.write_text('<!-- in: libx -->\n<!-- file: a/b.ini -->\n```ini\nk = 1\n```\ntext\n```console\n$ not this\n```\n'
                    '<!-- runs -->\n```console\n$ one \\\n  two\nit says\n$ three\n```\n')
    assert steps(page) == [Step('in', 'libx'), Step('file', 'a/b.ini', 'k = 1\n'), Step('run', 'one   two'), Step('run', 'three')]
