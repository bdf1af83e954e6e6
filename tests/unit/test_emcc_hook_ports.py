"""The hook of `emroot run`: ports that an emcc asks emroot for."""

from __future__ import annotations

import json
import os

import pytest
from support.hooked_emcc import LIBAL, LIBC, LIBZ, MARK, RECORD, HookedEmcc, words

pytestmark = pytest.mark.skipif(os.name == 'nt', reason='a script stands for the linker')


def test_a_port_that_was_never_here_is_built_with_all_else_that_the_link_needs(emcc: HookedEmcc) -> None:
    emcc.emroot_makes(MARK, LIBZ, LIBC, LIBAL)
    assert emcc('a.o', '--use-port=z').returncode == 0
    assert words(emcc.started) == [['--for', 'emcc a.o --use-port=z']] and emcc.linked == ['libz.a', 'libal.a', 'libc.a']


def test_a_lazy_link_has_its_ports_built_alone(lazy: HookedEmcc) -> None:
    lazy.emroot_makes(MARK, LIBZ)
    assert lazy('a.o', '--use-port=z').returncode == 0
    first, second = lazy.started
    assert first.request == {'ports': ['emcc', 'a.o', '--use-port=z']}
    assert second.request and second.request['missing'] == ['wasm32/libal', 'wasm32/libc']


@pytest.mark.parametrize('is_lazy', [True, False])
def test_a_port_that_defines_itself_is_here_before_its_definition_is_read(emcc: HookedEmcc, is_lazy: bool) -> None:
    emcc.configure(lazy=is_lazy)
    emcc.has(LIBC, LIBAL)
    emcc.emroot_makes(MARK)
    for count in (1, 0):
        assert emcc('a.o', '--external=z').returncode == 0
        assert words(emcc.started) == [['--for', 'emcc a.o --external=z']] * count
        assert emcc.made_by(MARK) == 'emroot' and emcc.made_by('ports/z/definition') == 'emcc'


@pytest.mark.parametrize('is_lazy', [True, False])
def test_a_port_that_is_here_for_another_mode_is_built_for_this(emcc: HookedEmcc, is_lazy: bool) -> None:
    emcc.configure(lazy=is_lazy)
    emcc.has(MARK)
    emcc.emroot_makes(LIBZ, LIBC, LIBAL)
    assert emcc('a.o', '--use-port=z').returncode == 0
    assert len(emcc.started) == 1 and emcc.made_by(LIBZ) == 'emroot' and emcc.made_by(MARK) == 'there'


def test_a_port_that_emroot_cannot_build_is_built_by_emcc_of_its_sources(emcc: HookedEmcc) -> None:
    """The mark alone would have it take them to be here."""
    emcc.has(MARK, LIBC, LIBAL)
    emcc.emroot_makes(code=5)
    assert emcc('a.o', '--use-port=z').returncode == 0
    assert emcc.made_by(LIBZ) == emcc.made_by(MARK) == 'emcc'
    assert emcc.notices.read_text() == f'built: {emcc.cache / LIBZ}\n'


def test_sources_of_a_port_that_are_here_are_not_fetched_again(emcc: HookedEmcc) -> None:
    emcc.has(MARK, 'ports/z/source.c', LIBC, LIBAL)
    assert emcc('a.o', '--use-port=z').returncode == 0
    assert (emcc.made_by(LIBZ), emcc.made_by(MARK), emcc.made_by('ports/z/source.c')) == ('emcc', 'there', 'there')


@pytest.mark.parametrize(('recorded', 'current'), [
    ('as it is', True), ('changed', False), ('gone', False), ('nothing', True), ('damaged', True)])
def test_a_port_is_built_again_when_a_file_of_the_users_that_it_was_made_of_is_another(
        emcc: HookedEmcc, recorded: str, current: bool) -> None:
    source = emcc.top / 'port.py'
    source.write_text('x')
    stamp = [source.stat().st_size, source.stat().st_mtime_ns + (recorded == 'changed')]
    emcc.has(MARK, LIBZ, LIBC, LIBAL, RECORD)
    said = {'inputs': [['read', str(source), stamp]]} if recorded != 'nothing' else {}
    (emcc.cache / RECORD).write_text(json.dumps(said) if recorded != 'damaged' else '{"inputs')
    if recorded == 'gone':
        source.unlink()
    assert emcc('a.o', '--use-port=z').returncode == 0
    assert words(emcc.started) == ([] if current else [['--for', 'emcc a.o --use-port=z']])
    assert emcc.made_by(LIBZ) == ('there' if current else 'emcc')
