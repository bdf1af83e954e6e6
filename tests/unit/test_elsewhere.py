"""The same SDK in two places: what embeds a location is taken from the other where that was asked for, and made anew where not.

The fake's clang writes its own directory into what is compiled from a source that says PLACE.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from support.fake import make_fake_sdk
from support.remotes import remote_cache
from support.running import Emroot
from support.snapshots import archives, counts, damage

PLAIN = {'no_proxy': '127.0.0.1', 'EMROOT_REMOTE_WAIT': '60'}
OWN = {**PLAIN, 'EMROOT_LOCATION': 'own'}
SELECTION = ('--targets', 'libcxx,libone,crt1', '--json')
CARRIES = 'sysroot/lib/wasm32-emscripten/libcxx.a'


def _with_place(directory: Path) -> Path:
    root = make_fake_sdk(directory)
    (root / 'system/lib/libcxx/new.cpp').write_text('libcxx/new.cpp PLACE\n')
    return root


@pytest.fixture(scope='module')
def seen(tmp_path_factory: pytest.TempPathFactory) -> list[Emroot]:
    """Two machines with the same SDK in two places, which have seen it."""
    directories = [tmp_path_factory.mktemp(name) for name in ('one', 'two')]
    machines = [Emroot(directory / 'home', _with_place(directory)) for directory in directories]
    for machine in machines:
        _build(machine)
    return machines


@pytest.fixture
def here(seen: list[Emroot], tmp_path: Path) -> Emroot:
    return seen[0].machine(tmp_path / 'home')


@pytest.fixture
def there(seen: list[Emroot], tmp_path: Path) -> Emroot:
    """Another machine, on which the SDK lies elsewhere."""
    return seen[1].machine(tmp_path / 'another home')


def _files(document: dict[str, object]) -> dict[str, str]:
    return archives(Path(str(document['cache'])))


def _elsewhere(document: dict[str, object]) -> object:
    return document.get('elsewhere', [])


def _build(emroot: Emroot, *more: object, env: dict[str, str] = PLAIN) -> dict[str, object]:
    ran = emroot('build', *SELECTION, *more, env=env)
    assert ran.code == 0 and 'warning' not in ran.err, ran.err
    document: dict[str, object] = ran.json
    return document


def test_alone_each_place_makes_its_own_bytes(here: Emroot, there: Emroot):
    one, two = _build(here), _build(there)
    assert one['sdk']['digest'] == two['sdk']['digest']  # type: ignore[index]
    assert [path for path, digest in _files(one).items() if _files(two)[path] != digest] == [CARRIES]
    assert _elsewhere(one) == _elsewhere(two) == []


@pytest.mark.parametrize('kind', ['web', 'directory', 'published'])
def test_a_remote_filled_elsewhere_leaves_nothing_to_compile(here: Emroot, there: Emroot, tmp_path: Path, kind: str):
    with remote_cache() as cache:
        directory = cache.url if kind == 'web' else str(tmp_path / 'public')
        if kind == 'published':
            assert here('publish', directory, *SELECTION).json['records'] == 4  # one is for both: its own location, and any
        (tmp_path / 'public').mkdir(exist_ok=True)
        built = _build(here, '--remote', f'rw+{directory}')
        taken = _build(there, '--remote', directory)
        assert counts(taken) == (0, 5) and _files(taken) == _files(built)
        assert _elsewhere(taken) == ['wasm32/libcxx'] and _elsewhere(built) == []
        for again in (_build(there, '--remote', directory), _build(there), _build(there, '--cache', tmp_path / 'other')):
            assert counts(again) == (0, 5) and _files(again) == _files(built) and _elsewhere(again) == ['wasm32/libcxx']
    assert there('verify').code == 0 and damage(there.home, Path(str(taken['cache']))) == []


def test_who_insists_on_the_own_place_makes_just_what_carries_it(here: Emroot, there: Emroot, tmp_path: Path):
    alone = _build(there.machine(tmp_path / 'third home'))
    with remote_cache() as cache:
        built = _build(here, '--remote', f'rw+{cache.url}')
        insisting = there.machine(tmp_path / 'fourth home')
        assert counts(_build(insisting, '--remote', cache.url, env=OWN)) == (1, 4)
        taken = _build(there, '--remote', cache.url)
    assert _files(taken) == _files(built) != _files(alone)
    own = _build(there, env=OWN)
    assert counts(own) == (1, 4) and _files(own) == _files(alone) and _elsewhere(own) == []
    assert counts(_build(there)) == (0, 5) and _files(_build(there)) == _files(alone)  # what is there already is good enough
    for name in ('EMROOT_LOCATION', 'EMROOT_PLACE'):  # the second is its old name
        assert there('build', *SELECTION, env={name: 'mine'}).code == 2


def test_the_own_place_comes_first(here: Emroot, there: Emroot, tmp_path: Path):
    with remote_cache() as cache:
        two = _build(there, '--remote', f'rw+{cache.url}')
        one = _build(here, '--remote', f'rw+{cache.url}', env=OWN)
        for machine, built in ((here, one), (there, two)):
            taken = _build(machine.machine(tmp_path / f'{machine.home.name} again'), '--remote', cache.url)
            assert counts(taken) == (0, 5) and _files(taken) == _files(built) and _elsewhere(taken) == []


def test_what_was_taken_is_passed_on_as_what_it_is(here: Emroot, there: Emroot, tmp_path: Path):
    """Neither an archive nor a published directory says that the bytes are those of the location that passes them on."""
    assert here('publish', tmp_path / 'public', *SELECTION).code == 0
    taken = _build(there, '--remote', tmp_path / 'public')
    assert there('publish', tmp_path / 'again', *SELECTION, env={'EMROOT_REMOTE': ''}).json['records'] == 3
    assert there('export', *SELECTION, '-o', tmp_path / 'out.tar').json['located'] == [CARRIES]
    for machine in (here, there):
        home = tmp_path / f'{machine.home.name} again'
        imported = machine.machine(home / 'archive')
        assert imported('import', tmp_path / 'out.tar').code == 0
        for document in (_build(imported), _build(machine.machine(home / 'remote'), '--remote', tmp_path / 'again')):
            assert counts(document) == (0, 5) and _files(document) == _files(taken)
        assert _elsewhere(_build(imported)) == ([] if machine is here else ['wasm32/libcxx'])


def test_it_is_said_where_one_looks_for_reasons(here: Emroot, there: Emroot, tmp_path: Path):
    assert here('publish', tmp_path / 'public', *SELECTION).code == 0
    ran = there('-v', 'build', *SELECTION, '--remote', tmp_path / 'public')
    assert 'wasm32/libcxx comes from an SDK of the same content in another directory' in ran.err
    said = there('explain', 'wasm32/libcxx').err
    assert 'another directory' in said and 'EMROOT_LOCATION=own' in said
    assert 'another directory' not in there('explain', 'wasm32/libone').err
