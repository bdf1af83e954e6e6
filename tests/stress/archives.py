"""Archives that somebody prepared: for `emroot import`, and instead of an SDK's official release."""

from __future__ import annotations

import io
import lzma
import random
import shutil
import stat
import tarfile
from collections.abc import Callable
from pathlib import Path

from support.bundles import hostile, squeezed
from support.snapshots import snapshot

from .bench import Tally, TortureBench
from .releases import releases

_BELOW = 'install/emscripten/'


def bundles(bench: TortureBench, rounds: int, chance: random.Random) -> Tally:
    """Each round imports another one: it is refused, and home and cache directory stay as they were. The good one is taken."""
    tally, bench = Tally('bundles'), bench.fake
    good, home, directory = bench.bundle.read_bytes(), bench.full_home('importing'), bench.work / 'importing-from'
    directory.mkdir()
    before, around = _kept(home), sorted(bench.work.iterdir())
    for number in range(rounds):
        what, archive = hostile(good, chance)
        pack = chance.choice([bytes, bytes, squeezed, lzma.compress])
        (directory / 'archive').write_bytes(pack(archive))
        when = f'round {number}, {what}'
        ran = bench.run(home, 'import', directory / 'archive')
        tally.check(ran.problems(2), when)
        tally.check([f'{path} is not as it was' for path in _changed(before, _kept(home))], when)
        beside = sorted(bench.work.iterdir()) != around or len(list(directory.iterdir())) > 1
        tally.check(['something was put beside'] if beside else [], when)
        tally.counts['refused' if ran.code == 2 else 'TAKEN'] += 1
    (directory / 'archive').write_bytes(good)
    for home_ in (home, bench.home('importing-anew')):
        ran = bench.run(home_, 'import', directory / 'archive')
        tally.check(ran.problems(0) + bench.differences(bench.cache(home_)), 'the good one')
    tally.check(bench.run(home, 'verify').problems(0) + bench.wrong_after_build(home), 'in the end')
    return tally


def sdks(bench: TortureBench, rounds: int, chance: random.Random) -> Tally:
    """Each round installs another release: it is refused and nothing is left, or was harmless. Then the good one is installed."""
    tally = Tally('sdks')
    outside = bench.work / 'outside'
    outside.mkdir()
    (outside / 'a').write_text('mine\n', encoding='utf-8')
    ways = {f'{number + 1}.0.0': chance.choice(sorted(_SDKS)) if number >= len(_SDKS) else sorted(_SDKS)[number]
            for number in range(rounds)}
    changes = {version: _changing(way, outside, chance) for version, way in ways.items()}
    served = releases(bench, {**changes, '99.0.0': None}, bulk=0)
    home = bench.work / 'installing' / 'home'
    home.mkdir(parents=True)
    seen = snapshot(outside)
    for version, way in ways.items():
        when = f'{version}, {way}'
        ran = bench.run(home, 'sdk', 'install', '--from', 'emsdk', '--version', version, env=served.env)
        taken = ran.code == 0
        tally.check(ran.problems(3, 6, *([0] if way in _HARMLESS else [])), when)
        tally.check(['something outside is not as it was'] if snapshot(outside) != seen else [], when)
        tally.check([f'{path} is left' for path in (home.parent.iterdir() if home.parent.is_dir() else []) if path != home], when)
        left = sorted(path.name for path in (home / 'sdk').iterdir()) if (home / 'sdk').is_dir() else []
        tally.check([f'{name} is left' for name in left
                     if not (name == version and (taken or f'delete {home / "sdk" / name} and' in ran.err))], when)
        tally.check([f'{path} has special rights' for path in home.rglob('*')
                     if not path.is_symlink() and path.stat().st_mode & (stat.S_ISUID | stat.S_ISGID | 0o022)][:5], when)
        shutil.rmtree(home / 'sdk', ignore_errors=True)
        tally.counts['harmless' if taken else 'refused'] += 1
    good = bench.run(home, 'sdk', 'install', '--from', 'emsdk', '--version', '99.0.0', env=served.env)
    there = (home / 'sdk/99.0.0/emscripten/emcc.py').is_file()
    tally.check(good.problems(0) + ([] if there else ['it is not there']), 'the good one')
    return tally


def _kept(home: Path) -> dict[str, tuple[object, ...]]:
    """All of a home but logs and scratch."""
    return {path: said[:2] + said[3:] for path, said in snapshot(home).items()
            if not path.startswith(('logs', 'store/tmp', 'store/locks', 'memo'))}


def _changed(one: dict[str, tuple[object, ...]], other: dict[str, tuple[object, ...]]) -> list[str]:
    return [path for path in one.keys() | other.keys() if one.get(path) != other.get(path)][:5]


# --- what an SDK's archive may hold ---

Members = list[tuple[tarfile.TarInfo, bytes]]
_Way = Callable[[Members, Path, random.Random], Members]


def _member(name: str, content: bytes = b'evil', kind: bytes = tarfile.REGTYPE, link: str = '', mode: int = 0o644) -> Members:
    info = tarfile.TarInfo(name)
    info.type, info.linkname, info.mode = kind, link, mode
    info.size = len(content) if kind == tarfile.REGTYPE else 0
    return [(info, content if kind == tarfile.REGTYPE else b'')]


def _up(outside: Path) -> str:
    return '../' * 40 + str(outside).lstrip('/')


_SDKS: dict[str, _Way] = {
    'a path that leads up': lambda m, out, _: [*m, *_member(f'install/{_up(out)}/a')],
    'a path from the root': lambda m, out, _: [*m, *_member(f'{out}/a')],
    'backslashes': lambda m, out, _: [*m, *_member('install\\..\\..\\..\\evil')],
    'a drive': lambda m, out, _: [*m, *_member('C:/evil')],
    'a link out': lambda m, out, _: [*m, *_member(_BELOW + 'way', kind=tarfile.SYMTYPE, link=str(out))],
    'a link out, and a file through it': lambda m, out, _: [
        *m, *_member(_BELOW + 'way', kind=tarfile.SYMTYPE, link=str(out)), *_member(_BELOW + 'way/a')],
    'a link up': lambda m, out, _: [*m, *_member(_BELOW + 'way', kind=tarfile.SYMTYPE, link=_up(out))],
    'a chain of links': lambda m, out, _: [
        *m, *_member('install/one', kind=tarfile.SYMTYPE, link='.'), *_member('install/two', kind=tarfile.SYMTYPE, link='one/..'),
        *_member('install/two/../../evil')],
    'a link instead of a directory': lambda m, out, _: [
        *_member('install/emscripten', kind=tarfile.SYMTYPE, link=str(out)), *m],
    'a hard link out': lambda m, out, _: [*m, *_member(_BELOW + 'hard', kind=tarfile.LNKTYPE, link=str(out / 'a'))],
    'a hard link up': lambda m, out, _: [*m, *_member(_BELOW + 'hard', kind=tarfile.LNKTYPE, link=_up(out / 'a'))],
    'a hard link to nothing': lambda m, out, _: [*m, *_member(_BELOW + 'hard', kind=tarfile.LNKTYPE, link='install/nothing')],
    'a device': lambda m, out, _: [*m, *_member(_BELOW + 'null', kind=tarfile.CHRTYPE)],
    'a pipe': lambda m, out, _: [*m, *_member(_BELOW + 'pipe', kind=tarfile.FIFOTYPE)],
    'a pipe instead of emcc': lambda m, out, _: [
        *(each for each in m if not each[0].name.endswith('emcc.py')), *_member(_BELOW + 'emcc.py', kind=tarfile.FIFOTYPE)],
    'no emcc': lambda m, out, _: [each for each in m if not each[0].name.endswith('/emcc.py')],
    'no version': lambda m, out, _: [each for each in m if not each[0].name.endswith('version.txt')],
    'a file over a directory': lambda m, out, _: [*m, *_member('install/emscripten')],
    'a directory over a file': lambda m, out, _: [*m, *_member(_BELOW + 'emcc.py', kind=tarfile.DIRTYPE)],
    'a file below a file': lambda m, out, _: [*m, *_member(_BELOW + 'emcc.py/below')],
    'a name with a null': lambda m, out, _: [*m, *_pax('install/e\0vil')],
    'a name that is too long': lambda m, out, _: [*m, *_member('install/' + 'x' * 5000)],
    'nothing': lambda m, out, _: [],
    'special rights': lambda m, out, _: [*m, *_member('install/bin/root', mode=0o6777)],
    'a configuration': lambda m, out, _: [
        *m, *_member(_BELOW + '.emscripten', f'open({str(out / "a")!r}, "w").write("ran")\n'.encode())],
    'a manifest of emroot': lambda m, out, _: [*m, *_member('install/emroot-sdk.json', b'{"provider": "../..", "version": "/"}')],
    'twice': lambda m, out, _: [*m, *m],
}
#: Those that may as well be taken: there is no harm in them.
_HARMLESS = ('special rights', 'a configuration', 'a manifest of emroot', 'twice', 'a name with a null', 'backslashes')
#: What is done to the bytes of a good archive.
_BYTES: dict[str, Callable[[bytes, random.Random], bytes]] = {
    'cut': lambda good, chance: good[:chance.randrange(1, len(good) - 100)],
    'a byte flipped': lambda good, chance: _flipped(good, chance.randrange(len(good) - 100), chance),
    'empty': lambda good, _: b'',
    'no archive': lambda good, _: b'<html>Welcome to our guest network</html>',
    'zeros': lambda good, _: bytes(1 << 20),
}


def _pax(name: str) -> Members:
    (info, content), = _member('install/x')
    info.pax_headers = {'path': name}
    return [(info, content)]


def _flipped(good: bytes, at: int, chance: random.Random) -> bytes:
    return good[:at] + bytes([good[at] ^ 1 << chance.randrange(8)]) + good[at + 1:]


def _changing(way: str, outside: Path, chance: random.Random) -> Callable[[bytes], bytes]:
    def change(good: bytes) -> bytes:
        if way in _BYTES:
            return _BYTES[way](good, chance)
        with tarfile.open(fileobj=io.BytesIO(good)) as tar:
            members = [(info, (tar.extractfile(info) or io.BytesIO()).read()) for info in tar]
        out = io.BytesIO()
        with tarfile.open(fileobj=out, mode='w:xz', preset=0, format=tarfile.PAX_FORMAT) as tar:
            for info, content in _SDKS[way](members, outside, chance):
                tar.addfile(info, io.BytesIO(content) if info.isreg() else None)
        return out.getvalue()
    return change


_SDKS.update({way: lambda members, *_: members for way in _BYTES})  # so that they are drawn, too
