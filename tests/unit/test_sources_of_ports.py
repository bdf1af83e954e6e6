"""`support.port_sources`: sources from packages in the form that ports expect."""

from __future__ import annotations

from pathlib import Path

import pytest
from support import port_sources
from support.downloads.npm import NpmUnavailable
from support.downloads.sources import SourceUnavailable
from support.port_sources import boost_headers, bullet, find_sources, with_empty, without


def _write(*files: Path) -> None:
    for file in files:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(file.name)


def test_the_headers_of_all_libraries_of_boost_are_one_directory(tmp_path: Path):
    libraries = tmp_path / 'boost/libs'
    _write(libraries / 'any/include/boost/any.hpp', libraries / 'any/include/boost/any/bad.hpp', libraries / 'any/test/any.cpp',
           libraries / 'core/include/boost/detail/a.hpp', libraries / 'numeric/ublas/include/boost/numeric/ublas.hpp',
           libraries / 'move/include/boost/detail/b.hpp', libraries / 'numeric/odeint/include/boost/numeric/odeint.hpp')
    boost_headers(tmp_path / 'boost', tmp_path / 'merged')
    boost = tmp_path / 'merged/boost'
    assert {path.relative_to(boost).as_posix() for path in boost.glob('*/*')} == {
        'any/bad.hpp', 'detail/a.hpp', 'detail/b.hpp', 'numeric/ublas.hpp', 'numeric/odeint.hpp'}
    assert (boost / 'any.hpp').read_text() == 'any.hpp' and (boost / 'any').is_symlink()


def test_of_bullet_only_the_libraries_of_rigid_bodies_are_taken(tmp_path: Path):
    sources = tmp_path / 'sources/src'
    _write(sources / 'LinearMath/a.cpp', sources / 'BulletDynamics/b.cpp', sources / 'BulletSoftBody/c.cpp',
           sources / 'btBulletDynamicsCommon.h', sources / 'btBulletDynamicsAll.cpp')
    bullet(tmp_path / 'sources', tmp_path / 'port')
    assert {path.relative_to(tmp_path / 'port/bullet/src').as_posix() for path in (tmp_path / 'port').glob('bullet/src/*')} == {
        'LinearMath', 'BulletDynamics', 'btBulletDynamicsCommon.h'}


def test_sources_get_an_empty_file_or_lose_one(tmp_path: Path):
    _write(tmp_path / 'sources/a.c')
    with_empty('b.c')(tmp_path / 'sources', tmp_path / 'completed')
    assert (tmp_path / 'completed/a.c').read_text() == 'a.c'
    assert (tmp_path / 'completed/b.c').read_text() == '' and not (tmp_path / 'sources/b.c').exists()
    without('a.c')(tmp_path / 'sources', tmp_path / 'fewer')
    assert not list((tmp_path / 'fewer').iterdir()) and (tmp_path / 'sources/a.c').exists()


def test_the_first_package_that_can_be_had_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def unavailable(*names: str) -> Path:
        raise NpmUnavailable(f'npm has no {names[0]}')

    def debian(name: str, version: str = '') -> Path:
        if name != 'lua5.4':
            raise SourceUnavailable(f'Debian has no {name}')
        return tmp_path / f'{name}-{version}'

    monkeypatch.setattr(port_sources, 'npm_package', unavailable)
    monkeypatch.setattr(port_sources, 'get_source', debian)
    assert find_sources(['npm lua 5 src', 'lua5.5', 'lua5.4 5.4.7']) == tmp_path / 'lua5.4-5.4.7'
    with pytest.raises(SourceUnavailable, match=r'^npm has no lua; Debian has no lua5\.5$'):
        find_sources(['npm lua 5 src', 'lua5.5'])
