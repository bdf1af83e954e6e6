"""What lazy links leave behind: libraries in part, which whoever freezes the cache has to be told of."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.running import Emroot

from emroot.keys.plan import Archive
from emroot.lazy_link.link_history import LinkCount, completing_command, never_whole, note_link, read_links
from emroot.lazy_link.preparation import FLOOR, is_enough
from emroot.modes import Mode

MODE = Mode()


def _archive(target: str) -> Archive:
    return Archive(mode=MODE, target=target, path=f'{MODE.directory}/{target}.a', how='archive', key=target, members=())


@pytest.fixture
def partly(fake: Emroot, tmp_path: Path) -> Path:
    """A cache directory that has one library whole, and of which two links took parts of others."""
    cache = tmp_path / 'cache'
    assert fake('build', '--targets', 'crt1', '--cache', cache).code == 0
    for target in ('libone', 'libmany'):
        note_link(cache, MODE, [_archive(target)], 0.5)
    return cache


def test_list_doctor_and_env_tell_of_libraries_in_part_until_they_are_whole(partly: Path, fake: Emroot):
    for command in ('list', 'doctor', 'env'):
        assert 'libmany' in ' '.join(said := _said(fake, command, partly)), said
    assert fake('env', '--targets', 'crt1', '--cache', partly).out.count('EM_FROZEN_CACHE') == 1
    command = completing_command(partly, never_whole(partly)).split()
    assert command[:2] == ['emroot', 'build'] and fake(*command[1:]).code == 0
    assert never_whole(partly) == {}
    for name in ('list', 'doctor', 'env'):
        assert not _said(fake, name, partly)


def _said(fake: Emroot, command: str, cache: Path) -> list[str]:
    """What a command says of libraries in part."""
    selected = ['--targets', 'crt1'] if command == 'env' else []
    ran = fake(command, *selected, '--cache', cache)
    words = ('in part', 'never built whole', 'compiled only the objects that they need', 'emroot build --cache')
    return [line for line in (ran.out + ran.err).splitlines() if any(word in line for word in words)]


def test_run_says_so_to_who_wanted_the_cache_frozen(partly: Path, fake: Emroot):
    python = ['--', 'python3', '-c', '']
    assert 'libone' in fake('run', '--cache', partly, *python, env={'EM_FROZEN_CACHE': '1'}).err
    assert fake('run', '--cache', partly, *python, env={'EM_FROZEN_CACHE': '0'}).err == ''


def test_links_are_lazy_until_they_have_cost_what_libraries_cost(tmp_path: Path):
    assert read_links(tmp_path, MODE) == LinkCount()
    for _ in range(30):
        note_link(tmp_path, MODE, [_archive('libone')], 0.5)
    links = read_links(tmp_path, MODE)
    assert (links.count, links.seconds, links.did_without) == (30, 15.0, [('libone', f'{MODE.directory}/libone.a')])
    assert not is_enough(links, [20.0, 20.0])
    assert is_enough(links, [10.0, 4.0])
    assert not is_enough(LinkCount(1, FLOOR / 2), [])  # what is cheap is not even looked at
