"""The documentation: generated pages say what the code says, the site is made without a warning, and asks nobody for anything."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from dev import docs
from dev.site import PAGES
from emroot.cli.parser import make_parser
from emroot.engine.result import ReuseReason

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize('page', docs.pages(), ids=lambda page: page.stem)
def test_a_page_that_is_made_from_the_code_says_what_it_says(page: Path):
    assert page.read_text(encoding='utf-8') == docs.pages()[page], 'rewrite it: python3 dev.py docs --write'


def test_every_command_has_its_place():
    page = (ROOT / 'docs/reference/cli.md').read_text(encoding='utf-8')
    commands = [name for name, _ in docs._commands('emroot', make_parser())]
    assert {'emroot build', 'emroot sdk install', 'emroot cache-key'} <= set(commands)
    assert [name for name in commands if name != 'emroot' and f'## {name}\n' not in page] == []


def test_every_public_attribute_of_starlark_has_a_docstring():
    page = (ROOT / 'docs/reference/starlark.md').read_text(encoding='utf-8')
    rows = re.findall(r'^\| `(\w+)` \|.*\| (.*) \|$', page, re.MULTILINE)
    assert len(rows) > 20 and [name for name, doc in rows if not doc.strip()] == []


def test_every_reason_is_documented():
    page = (ROOT / 'docs/reference/json.md').read_text(encoding='utf-8')
    assert all(f'`{reason}`' in page for reason in ReuseReason)


def test_every_page_is_on_the_site(site: Path):
    pages = {path.relative_to(ROOT / 'docs').with_suffix('').as_posix() for path in (ROOT / 'docs').rglob('*.md')}
    assert {page for page in pages if not (site / page / 'index.html').is_file()} == set()
    assert all((site / page).is_file() for page in ('index.html', 'changelog/index.html', 'contributing/index.html'))


def test_no_page_asks_for_anything_from_elsewhere(site: Path):
    """Links may lead out; nothing is loaded from there."""
    loads = re.compile(r'<(?:script|img|iframe|link rel="(?:stylesheet|icon|preconnect|preload)")[^>]*'
                       r'\s(?:src|href)="(?:https?:)?//[^"]+"')
    found = {hit for page in site.rglob('*.html') for hit in loads.findall(page.read_text(encoding='utf-8'))}
    assert len(list(site.rglob('*.html'))) > 15 and found == set()


def test_a_link_that_leads_nowhere_is_an_error(site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """The builder is strict: it was not once, when it was told to be quiet."""
    for name in ('docs', 'dev', 'mkdocs.yml', 'SECURITY.md', 'LICENSE', 'bazel', 'examples', *PAGES):
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, tmp_path / name)
    with open(tmp_path / 'docs/bazel.md', 'a', encoding='utf-8') as page:
        page.write('\n[nowhere](tutorial.md#nothing)\n')
    monkeypatch.setattr(docs, 'ROOT', tmp_path)
    monkeypatch.setattr(docs, 'pages', dict)
    assert docs.main(['--to', str(tmp_path / 'site')]) != 0
