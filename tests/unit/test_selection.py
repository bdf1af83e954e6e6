"""Targets by mode, from features, names and links: what is asked for, in the order of asking, each once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from support.synthetic_sdk import paper_listing, synthetic_sdk

from emroot.errors import BuildError, UnknownNameError, UsageError
from emroot.host.home import Home
from emroot.libraries import resolution
from emroot.libraries.catalogue import Catalogue, Listing
from emroot.libraries.resolution import Resolution
from emroot.modes import Mode, parse_mode
from emroot.project.project_file import CacheSection, Project
from emroot.project.selection import Selection, default_link_lines, parse_modes

NAMES = ['libc', 'libc-debug', 'libc++', 'crt1']
WASM32, WASM64, LTO = Mode(), parse_mode('wasm64'), parse_mode('wasm32-lto')


class _Paper(Catalogue):
    """What an SDK on paper has: the same in all modes, but for what a port's option accepts."""

    def listing(self, mode: Mode) -> Listing:
        formats = ['libc'] if mode == WASM64 else ['jpg']
        return replace(paper_listing(NAMES, groups={'MINIMAL': ['crt1', 'libc']}, ports=['zlib', 'sdl2_image']), mode=mode,
                       list_values={'sdl2_image:formats': formats})

    def is_cached(self, mode: Mode) -> bool:
        return True


@dataclass
class _Links:
    """Stands for the SDK where links are resolved: answers from a table, and remembers what it was asked."""

    answers: dict[str, Resolution] = field(default_factory=dict)
    asked: list[tuple[str, Path | None]] = field(default_factory=list)

    def resolve(self, catalogue: Catalogue, link: str | Sequence[str], *, ports: Path | None = None) -> Resolution:
        line = link if isinstance(link, str) else ' '.join(link)
        self.asked.append((line, ports))
        return self.answers.get(f'{line} with sources' if ports else line) or _needs(WASM32, 'libc')


def _needs(mode: Mode, *targets: str, ports: Sequence[str] = (), unfetched: Sequence[str] = (),
           unnamed: Sequence[tuple[str, str]] = ()) -> Resolution:
    return Resolution(mode=mode, targets=targets, files=(), ports=tuple(ports), unfetched=tuple(unfetched),
                      unnamed=tuple(unnamed))


@pytest.fixture
def links(monkeypatch: pytest.MonkeyPatch) -> _Links:
    links = _Links()
    monkeypatch.setattr(resolution, 'resolve', links.resolve)
    return links


@pytest.fixture
def selection(home: Home, links: _Links) -> Selection:
    return Selection(_Paper(synthetic_sdk(), home))


def test_names_are_selected_in_every_mode_of_the_features(selection: Selection) -> None:
    selection.add(features=['wasm64', 'lto'], targets=['libc++', 'MINIMAL'])
    assert selection.selected() == {WASM64: ['libc++', 'crt1', 'libc'], LTO: ['libc++', 'crt1', 'libc']}


def test_without_features_names_are_selected_in_wasm32(selection: Selection) -> None:
    selection.add(targets=['libc'])
    assert selection.selected() == {WASM32: ['libc']}


def test_a_name_with_a_mode_is_selected_in_that_alone(selection: Selection, links: _Links) -> None:
    selection.add(features=['lto'], targets=['wasm64/libc*', 'crt1'])
    assert selection.selected() == {WASM64: ['libc', 'libc-debug', 'libc++'], LTO: ['crt1']}
    assert links.asked == []


@pytest.mark.parametrize('port', ['contrib/port.py', './wasm64.py', '/wasm32/port.py'])
def test_a_path_is_no_mode(selection: Selection, port: str) -> None:
    selection.add(features=['lto'], targets=[port])
    assert selection.selected() == {LTO: [port]}


@pytest.mark.parametrize('wrong', ['wasm64-fast/libc', 'wasm32/libx', 'libx'])
def test_an_unknown_mode_or_target_is_an_error(selection: Selection, wrong: str) -> None:
    with pytest.raises(UnknownNameError):
        selection.add(targets=[wrong])


def test_what_is_asked_for_again_is_selected_once_where_it_came_first(selection: Selection) -> None:
    for targets in (['crt1', 'libc'], ['libc', 'libc++', 'crt1']):
        selection.add(targets=targets)
    assert selection.selected() == {WASM32: ['crt1', 'libc', 'libc++']}


def test_nothing_asked_for_is_nothing_selected(selection: Selection, links: _Links) -> None:
    selection.add()
    assert selection.selected() == {} and links.asked == []


def test_changing_what_was_returned_changes_no_selection(selection: Selection) -> None:
    selection.add(targets=['libc'])
    selection.selected()[WASM32].append('crt1')
    assert selection.selected() == {WASM32: ['libc']}


def test_features_alone_stand_for_usual_programs(selection: Selection, links: _Links) -> None:
    """C and C++, with and without optimisation, in each mode."""
    links.answers['em++ -flto -O2'] = _needs(LTO, 'libc++', 'libc')
    selection.add(features=['wasm32', 'lto'])
    assert [line for line, _ in links.asked] == ['emcc -O0', 'emcc -O2', 'em++ -O0', 'em++ -O2', 'emcc -flto -O0',
                                                 'emcc -flto -O2', 'em++ -flto -O0', 'em++ -flto -O2']
    assert selection.selected() == {WASM32: ['libc'], LTO: ['libc++', 'libc']}


@pytest.mark.parametrize('more', [{'targets': ['crt1']}, {'links': ['emcc -m64']}], ids=['names', 'links'])
def test_features_with_names_or_links_stand_for_nothing_more(selection: Selection, links: _Links,
                                                             more: dict[str, list[str]]) -> None:
    selection.add(features=['wasm64'], **more)
    assert [line for line, _ in links.asked] == more.get('links', [])


def test_the_links_of_features_ask_for_their_mode() -> None:
    lines = default_link_lines(parse_mode('wasm64-thinlto-pic'))
    assert lines[3] == ['em++', '-sMEMORY64', '-flto=thin', '-sMAIN_MODULE=2', '-O2']


def test_a_link_selects_its_libraries_and_its_ports_in_its_own_mode(selection: Selection, links: _Links) -> None:
    links.answers['emcc -flto -sUSE_ZLIB'] = _needs(LTO, 'libc', 'crt1', ports=['zlib'])
    selection.add(features=['wasm64'], targets=['libc++'], links=['emcc -flto -sUSE_ZLIB', ['emcc', 'a.o']])
    assert selection.selected() == {WASM64: ['libc++'], LTO: ['libc', 'crt1', 'zlib'], WASM32: ['libc']}
    assert links.asked == [('emcc -flto -sUSE_ZLIB', None), ('emcc a.o', None)]


def test_a_link_that_needs_what_no_target_provides_is_refused(selection: Selection, links: _Links) -> None:
    links.answers['emcc a.o'] = _needs(WASM32, 'libc', unnamed=[('zlib', 'libz-odd.a')])
    with pytest.raises(BuildError, match=r'needs libz-odd\.a of port zlib'):
        selection.add(links=['emcc a.o'])


@pytest.mark.parametrize(('names', 'selected'), [
    (['sdl2_image:formats=png', 'jpg'], ['sdl2_image:formats=png,jpg']),
    (['sdl2_image:formats=png', 'tif', 'jpg', 'crt1'], ['sdl2_image:formats=png,tif,jpg', 'crt1']),
    (['sdl2_image:formats=png', 'libc'], ['sdl2_image:formats=png', 'libc']),
    (['sdl2_image:formats=png', 'p.py'], ['sdl2_image:formats=png', 'p.py']),
    (['sdl2_image:formats=png', 'libc*'], ['sdl2_image:formats=png', 'libc', 'libc-debug', 'libc++']),
    (['sdl2_image:formats=png', 'jpg:USE_ZLIB=1'], ['sdl2_image:formats=png,jpg:USE_ZLIB=1']),
], ids=str)
def test_names_after_a_ports_option_are_more_values_of_it_unless_they_are_targets(
        selection: Selection, names: list[str], selected: list[str]) -> None:
    selection.add(targets=names)
    assert selection.selected() == {WASM32: selected}


def test_a_name_after_a_target_without_an_option_is_no_value(selection: Selection) -> None:
    with pytest.raises(UnknownNameError, match='jpg'):
        selection.add(targets=['sdl2_image', 'jpg'])


@pytest.mark.parametrize('name', ['wasm64/sdl2_image:formats=png', 'sdl2_image:formats=png'])
def test_what_an_option_accepts_is_that_of_its_mode(selection: Selection, name: str) -> None:
    """In wasm64, this SDK on paper has a format that is called like a library."""
    selection.add(features=['wasm32'] if '/' in name else ['wasm64'], targets=[name, 'libc'])
    assert selection.selected() == {WASM64: ['sdl2_image:formats=png,libc']}


def test_sources_of_a_port_may_reveal_what_its_link_needs_besides(selection: Selection, links: _Links, tmp_path: Path) -> None:
    """They define the port, and the first answer was given without them."""
    links.answers['emcc a.o'] = _needs(WASM64, 'libc', ports=['far'], unfetched=['far'])
    links.answers['emcc a.o with sources'] = _needs(WASM64, 'libc', 'crt1', ports=['zlib', 'far'])
    selection.add(links=['emcc a.o', 'emcc b.o'])
    assert selection.revealed(tmp_path) == {WASM64: ['crt1', 'zlib']}
    assert links.asked == [('emcc a.o', None), ('emcc b.o', None), ('emcc a.o', tmp_path)]
    assert selection.selected() == {WASM64: ['libc', 'far', 'crt1', 'zlib'], WASM32: ['libc']}
    assert selection.revealed(tmp_path) == {} and len(links.asked) == 3, 'they reveal it once'


def test_sources_that_reveal_nothing_select_nothing(selection: Selection, links: _Links, tmp_path: Path) -> None:
    known = _needs(WASM64, 'libc', ports=['far'])
    links.answers = {'emcc a.o': replace(known, unfetched=('far',)), 'emcc a.o with sources': known}
    selection.add(links=['emcc a.o'])
    before = selection.selected()
    assert selection.revealed(tmp_path) == {} and selection.selected() == before


def test_sources_that_reveal_what_no_target_provides_are_an_error(selection: Selection, links: _Links, tmp_path: Path) -> None:
    links.answers['emcc a.o'] = _needs(WASM64, unfetched=['far'])
    links.answers['emcc a.o with sources'] = _needs(WASM64, unnamed=[('far', 'libfar-odd.a')])
    selection.add(links=['emcc a.o'])
    with pytest.raises(BuildError, match=r'libfar-odd\.a'):
        selection.revealed(tmp_path)


def test_a_project_is_the_sum_of_its_sections(selection: Selection, links: _Links) -> None:
    """Features of one section are those of one mode, in whatever order; names may be joined by commas."""
    links.answers['emcc -flto'] = _needs(LTO, 'libc++')
    selection.add_project(Project(cache=[CacheSection(features=['thinlto', 'wasm64'], targets=['crt1,libc']),
                                         CacheSection(targets=['libc']), CacheSection(links=['emcc -flto'])]))
    assert selection.selected() == {parse_mode('wasm64-thinlto'): ['crt1', 'libc'], WASM32: ['libc'], LTO: ['libc++']}


def test_a_section_that_names_code_is_refused_unless_its_project_is_trusted(selection: Selection, tmp_path: Path) -> None:
    project = Project(cache=[CacheSection(targets=['crt1']), CacheSection(targets=['./port.py'])], file=tmp_path / 'emroot.toml')
    with pytest.raises(UsageError, match=r'names files whose code emcc runs \(\./port\.py\)'):
        selection.add_project(replace(project, trusted=False))
    selection.add_project(project)
    assert selection.selected() == {WASM32: ['crt1', './port.py']}


@pytest.mark.parametrize(('features', 'modes'), [
    ([], ['wasm32']), (['lto', 'pic'], ['wasm32-lto', 'wasm32-pic']), (['lto,wasm64'], ['wasm64-lto']),
    (['pic', 'wasm64', 'wasm32-pic'], ['wasm32-pic', 'wasm64']),
])
def test_each_item_of_features_is_a_mode(features: list[str], modes: list[str]) -> None:
    assert [mode.name for mode in parse_modes(features)] == modes
