"""Hooks of mkdocs: pages that lie outside of docs/ become part of the site, and links to files of the clone lead to the clone."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, Files

ROOT = Path(__file__).resolve().parent.parent
#: Pages of the site by the file of the clone that they are.
PAGES = {'README.md': 'index.md', 'CONTRIBUTING.md': 'contributing.md', 'CHANGELOG.md': 'changelog.md',
         'BENCHMARKS.md': 'benchmarks.md'}
_LINK = re.compile(r'\]\(([^)#\s:]+)(#[^)\s]*)?\)')


def on_files(files: Files, config: Any) -> Files:
    """Add the pages from outside."""
    for name, page in PAGES.items():
        text = (ROOT / name).read_text(encoding='utf-8')
        files.append(File.generated(config, page, content=_links(text, Path(), page, config)))
    return files


def on_page_markdown(markdown: str, page: Any, config: Any, files: Files) -> str:
    """Have links out of docs/ lead to where that is on the site, or to the clone."""
    if page.file.src_uri in PAGES.values():
        return markdown
    return _links(markdown, Path('docs', page.file.src_uri).parent, page.file.src_uri, config)


def _links(text: str, folder: Path, page: str, config: Any) -> str:
    up = '../' * page.count('/')

    def lead(match: re.Match[str]) -> str:
        target = (ROOT / folder / match[1]).resolve()
        if not target.exists() or not target.is_relative_to(ROOT):
            return match[0]  # mkdocs says so
        name = target.relative_to(ROOT).as_posix()
        if name.startswith('docs/') and target.is_file():
            led = up + name.removeprefix('docs/')
        elif name in PAGES:
            led = up + PAGES[name]
        else:
            led = f'{config["repo_url"]}/blob/main/{name}'
        return f']({led}{match[2] or ""})'
    return _LINK.sub(lead, text)
