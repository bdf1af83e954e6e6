"""The documentation's site in a real browser, served as a web server serves it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler
from pathlib import Path

import pytest
from support.browser.devtools import DevTools
from support.http_server import listening

PICTURES = os.environ.get('EMROOT_TEST_PICTURES', '')
#: The front page, one of tables, one of commands, one with a picture.
PAGES = ('', 'reference/cli/', 'how-to/cargo/', 'explanation/speed/')


@pytest.fixture(scope='module')
def address(site: Path) -> Iterator[str]:
    """Where the site is."""
    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            """Be quiet."""

    with listening(partial(Quiet, directory=str(site))) as served:
        yield served


@pytest.mark.parametrize('dark', [False, True], ids=['light', 'dark'])
@pytest.mark.parametrize('width', [360, 768, 1440])
def test_pages_are_whole_at_every_width(chromium: DevTools, address: str, width: int, dark: bool):
    for page in PAGES:
        shown = chromium.open(f'{address}/{page}', width=width, dark=dark)
        if PICTURES:
            Path(PICTURES).mkdir(parents=True, exist_ok=True)
            name = f'site-{page.replace("/", "-")}{width}-{"dark" if dark else "light"}.png'
            shown.screenshot(Path(PICTURES, name), whole=False)
        assert shown.run('document.documentElement.scrollWidth') <= width, f'{page} scrolls sideways'
        assert shown.complaints() == []
        assert shown.run('getComputedStyle(document.body).getPropertyValue("color-scheme")') == ('dark' if dark else 'light')
        elsewhere = [asked for asked in shown.requests() if not asked.startswith((address, 'data:', 'blob:'))]
        assert elsewhere == [], 'nothing is asked of anybody else'


def test_what_is_looked_for_is_found(chromium: DevTools, address: str):
    shown = chromium.open(f'{address}/')
    shown.run('document.querySelector("[data-md-component=search-query]").focus(); '
              'const field = document.querySelector("[data-md-component=search-query]"); field.value = "frozen cache"; '
              'field.dispatchEvent(new Event("input", {bubbles: true})); field.dispatchEvent(new KeyboardEvent("keyup")); 0')
    found = shown.run('new Promise((done) => { const end = Date.now() + 8000; const look = () => { '
                      'const hits = document.querySelectorAll(".md-search-result__item").length; '
                      'if (hits || Date.now() > end) done(hits); else setTimeout(look, 50); }; look(); })')
    assert found > 2
