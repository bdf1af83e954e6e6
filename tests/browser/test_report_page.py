"""The report in a real browser: it is whole at every width, says nothing on the console, and can be used by everybody."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest
from support.browser.axe import violations
from support.browser.devtools import DevTools, Page
from support.downloads.debian_packages import ProgramUnavailable
from support.running import cannot_run

#: Where pictures of the pages are left for people to look at; nowhere if it is not set.
PICTURES = os.environ.get('EMROOT_TEST_PICTURES', '')


def _picture(page: Page, name: str) -> None:
    if PICTURES:
        Path(PICTURES).mkdir(parents=True, exist_ok=True)
        page.screenshot(Path(PICTURES, f'{name}.png'))


def _shown(page: Page) -> list[str]:
    """The heads of the rows of the table of targets."""
    found: list[str] = json.loads(page.run(
        'JSON.stringify([...document.querySelectorAll("#matrix tbody th")].map((each) => each.firstChild.textContent))'))
    return found


def _cell(page: Page, row: int, column: int) -> str:
    said: str = page.run(f'document.querySelectorAll("#matrix tbody tr")[{row}].cells[{column}].textContent')
    return said


def _type(page: Page, field: str, text: str) -> None:
    page.run(f'document.getElementById("{field}").value = {json.dumps(text)}; '
             f'document.getElementById("{field}").dispatchEvent(new Event("input", {{bubbles: true}}))')


@pytest.mark.parametrize('dark', [False, True], ids=['light', 'dark'])
@pytest.mark.parametrize('width', [360, 768, 1440])
def test_the_page_is_whole_at_every_width(chromium: DevTools, page: str, empty_page: str, width: int, dark: bool):
    for name, address in (('report', page), ('empty', empty_page)):
        shown = chromium.open(address, width=width, dark=dark)
        _picture(shown, f'{name}-{width}-{"dark" if dark else "light"}')
        assert shown.run('document.documentElement.scrollWidth') <= width, 'the page itself does not scroll sideways'
        assert shown.complaints() == []
        assert [a for a in shown.requests() if not a.startswith('data:')] == [address], 'nothing else is loaded'


@pytest.mark.parametrize(('name', 'dark'), [('report', False), ('report', True), ('empty', False)])
def test_axe_finds_nothing_to_mend(chromium: DevTools, page: str, empty_page: str, name: str, dark: bool):
    shown = chromium.open(page if name == 'report' else empty_page, dark=dark)
    shown.run('document.getElementById("expand").click(); '
              'document.querySelectorAll("details").forEach((each) => each.open = true)')
    try:
        assert violations(shown) == []
    except ProgramUnavailable as error:
        cannot_run(str(error))


def test_the_empty_page_says_what_to_do(chromium: DevTools, empty_page: str):
    text = chromium.open(empty_page).run('document.body.innerText')
    assert 'Nothing is built in this cache directory yet' in text and 'emroot build --for' in text
    assert 'No recorded build of this cache directory' in text


def test_filters_leave_what_fits(chromium: DevTools, page: str):
    shown = chromium.open(page)
    everything = _shown(shown)
    assert 'libone' in everything and 'libmany' in everything
    _type(shown, 'text', 'ONE debug')
    assert _shown(shown) == ['libone', 'libone-debug'], 'a library and, since few are left, its variants'
    assert shown.run('document.getElementById("found").textContent').startswith('1 of ')
    shown.run('document.getElementById("filter").reset(); new Promise((done) => setTimeout(done, 20))')
    assert _shown(shown) == everything
    _type(shown, 'state', 'failed')
    assert _shown(shown) == ['libbroken']
    _type(shown, 'state', '')
    _type(shown, 'library', 'libmany')
    assert set(_shown(shown)) == {'libmany'}
    _type(shown, 'text', 'there is no such thing')
    assert shown.run('document.querySelector("#matrix tbody").innerText') == 'No target matches.'


def test_modes_can_be_left_out(chromium: DevTools, page: str):
    shown = chromium.open(page)
    count = 'document.querySelectorAll("#matrix thead tr:nth-child(2) th").length'
    assert shown.run(count) == 12
    shown.run('document.querySelectorAll("#modes input").forEach((box, n) => { if (n % 12 !== 7) box.click(); })')
    assert shown.run(count) == 1
    heads = shown.run('[...document.querySelectorAll("#matrix thead th")].map((head) => head.textContent).join(" ")')
    assert heads == 'Target wasm64 lto'


def test_cells_show_state_size_or_time_in_words_too(chromium: DevTools, page: str):
    shown = chromium.open(page)
    row = _shown(shown).index('crt1')
    assert re.fullmatch('✓.*present', _cell(shown, row, 1))
    assert re.fullmatch('·.*not built', _cell(shown, row, 2))
    shown.run('document.querySelector("input[value=size]").click()')
    assert re.fullmatch(r'\d+ B', _cell(shown, row, 1))
    shown.run('document.querySelector("input[value=time]").click()')
    assert re.fullmatch(r'\d+\.\d s', _cell(shown, row, 1))


def test_everything_can_be_reached_and_used_by_keyboard(chromium: DevTools, page: str):
    shown = chromium.open(page)
    seen: list[str] = []
    for _ in range(80):
        shown.press('Tab', 9)
        at: str = shown.run('(() => { const at = document.activeElement; '
                            'return at.id || at.className || at.name || at.getAttribute("href") || at.tagName; })()')
        seen.append(at)
        if at == 'moment':
            break
    assert seen[0] == 'skip'
    wanted = ['text', 'library', 'state', 'show', 'expand', 'matrix', 'twist', 'size-table', 'moment']
    order = [seen.index(each) for each in wanted]
    assert order == sorted(order), 'in the order in which they are read'
    before = shown.run('document.getElementById("reading").innerText')
    for _ in range(40):
        shown.press('ArrowRight', 39)
    assert shown.run('document.getElementById("reading").innerText') != before
    assert 'of' in shown.run('document.getElementById("moment").getAttribute("aria-valuetext")')


def test_a_library_opens_by_key_and_keeps_the_focus(chromium: DevTools, page: str):
    shown = chromium.open(page)
    shown.run('document.querySelector(".twist[data-library=libone]").focus()')
    before = _shown(shown)
    shown.press('Enter', 13)
    assert set(_shown(shown)) - set(before) == {'libone-debug'} and len(_shown(shown)) == len(before) + 2
    assert shown.run('document.activeElement.dataset.library') == 'libone'
    assert shown.run('document.activeElement.getAttribute("aria-expanded")') == 'true'
    shown.press('Enter', 13)
    assert _shown(shown) == before


def test_without_script_the_summary_is_there_and_nothing_that_would_not_work(chromium: DevTools, page: str):
    shown = chromium.open(page, script=False, width=768)
    _picture(shown, 'without-script')
    tree: list[dict[str, Any]] = shown.accessible()
    names = [node['name']['value'] for node in tree if node.get('name', {}).get('value') and not node['ignored']]
    text = ' '.join(names)
    for said in ('Modes of this cache directory', 'wasm64-lto', 'Jobs of the last build by library', 'Objects of the last build',
                 'emroot report --json'):
        assert said in text
    assert 'Find' not in names and 'Expand all' not in names


def test_a_full_build_of_twelve_modes_opens_in_a_moment(chromium: DevTools, full_page: Path):
    assert full_page.stat().st_size < 1_000_000
    shown = chromium.open(full_page.as_uri())
    painted: float = shown.run('new Promise((done) => requestAnimationFrame(() => '
                               'requestAnimationFrame(() => done(performance.now()))))')
    loaded: float = shown.run('performance.getEntriesByType("navigation")[0].loadEventEnd')
    assert loaded < 10_000, f'{loaded:.0f} ms, painted at {painted:.0f} ms'
    took: float = shown.run('(() => { const from = performance.now(); document.getElementById("expand").click(); '
                            'document.getElementById("matrix").offsetHeight; return performance.now() - from; })()')
    assert took < 10_000, f'all of {shown.run("rows.length")} targets in all modes took {took:.0f} ms'
    assert shown.run('document.querySelectorAll("#matrix td").length') > 4000
    _picture(shown, 'full')
    assert shown.complaints() == []
