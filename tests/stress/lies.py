"""Remotes that lie, with everything that was built in them: a web server, and a proxy of the Remote Execution API."""

from __future__ import annotations

import contextlib
import random
import shutil
import time
from collections.abc import Callable
from typing import Any

from support import proxies, remotes
from support.servers import casd

from emroot.remote.action_cache import decode_record, encode_record
from emroot.remote.errors import InvalidResponse

from .bench import Tally, TortureBench
from .circumstances import cannot_run

#: Seconds by which a remote may slow a build: those for which a build waits for one, and what it takes to tell that.
LIMIT = 10.0
_ENV = {'no_proxy': '127.0.0.1'}
#: What a record of an archive may say instead of what is right.
_FIELDS: tuple[dict[str, Any], ...] = (
    {'digest': '0' * 64}, {'digest': '../' * 21 + 'x'}, {'size': 1}, {'size': -1}, {'size': 10 ** 30}, {'size': '4'},
    {'size': None}, {'path': '../../../../evil'},
    {'path': '/etc/passwd'}, {'path': 7}, {'members': []}, {'members': [['evil.o', '0' * 64]]},
    {'place': '../..'}, {'place': {}}, {'files': {'../evil': ['0' * 64, 1]}}, {'located': '../evil'})
Files = dict[str, bytes]


def http(bench: TortureBench, rounds: int, chance: random.Random) -> Tally:
    """Each round asks a server for everything, which answers in one of the ways in which it is wrong."""
    tally, bench = Tally('http'), bench.fake
    with remotes.remote_cache() as server:
        right = _filled(bench, tally, f'rw+{server.url}', lambda: dict(server.files))
        for number in range(rounds):
            server.files, server.bad = dict(right), ''
            way = chance.choice([*remotes.BAD, *_FORGERIES, *_FORGERIES])
            if way in remotes.BAD:
                server.bad = way
            else:
                _FORGERIES[way](server.files, chance)
            _endure(bench, tally, server.url, f'round {number}, {way}')
    return tally


def grpc(bench: TortureBench, rounds: int, chance: random.Random) -> Tally:
    """The same with a real server of the Remote Execution API, and one between that changes what it says."""
    tally, bench = Tally('grpc'), bench.fake
    with contextlib.ExitStack() as stack:
        try:
            between = stack.enter_context(proxies.proxy(stack.enter_context(casd(bench.work / 'casd'))))
        except BaseException as why:  # a test's own way of saying that it cannot run is no Exception
            if isinstance(why, (KeyboardInterrupt, SystemExit)):
                raise
            cannot_run(tally, str(why))
            return tally
        url = f'grpc://127.0.0.1:{between.port}'
        _filled(bench, tally, f'rw+{url}', lambda: {'x': b''})
        for number in range(rounds):
            way = chance.choice([*proxies.BAD, *_CHANGES, *_CHANGES])
            between.bad = _CHANGES[way](chance) if way in _CHANGES else way
            _endure(bench, tally, url, f'round {number}, {way}')
    return tally


def _filled(bench: TortureBench, tally: Tally, url: str, look: Callable[[], Files]) -> Files:
    """Have a remote filled, and see that what is in it is taken while it tells the truth."""
    tally.check(bench.build(bench.home('filling'), '--remote', url, env=_ENV).problems(0), 'filling it')
    ran = bench.build(bench.home('taking'), '--remote', url.removeprefix('rw+'), env={**_ENV, 'EMROOT_REMOTE_WAIT': '60'})
    taken = '"compiled": 0' in ran.out
    tally.check(ran.problems(0) + ([] if taken else ['nothing is taken of it']), 'while it tells the truth')
    for name in ('filling', 'taking'):
        shutil.rmtree(bench.work / name)
    return look()


def _endure(bench: TortureBench, tally: Tally, url: str, when: str) -> None:
    home, began = bench.home('lied-to'), time.monotonic()
    ran = bench.build(home, '--remote', url, env=_ENV)
    took = time.monotonic() - began
    tally.check(ran.problems(0) + (bench.differences(bench.cache(home)) if ran.code == 0 else []), when)
    tally.check([f'{ran.err.count("warning")} warnings: {ran.err[-600:]}'] if ran.err.count('warning') > 1 else [], when)
    tally.check(bench.run(home, 'verify').problems(0) + bench.left_behind(home), when)
    again = time.monotonic()
    tally.check(bench.wrong_after_build(home), f'{when}, and without it')
    shutil.rmtree(home)
    slower = took - (time.monotonic() - again)
    tally.check([f'it took {slower:.0f} s longer'] if slower > LIMIT + 10 * bench.seconds else [], when)
    tally.counts['told by a warning' if 'warning' in ran.err else 'not taken, or no harm'] += 1


# --- forgeries of what a web server holds ---

def _names(files: Files, kind: str) -> list[str]:
    return sorted(path for path in files if f'/{kind}/' in path)


def _each(kind: str, change: Callable[[bytes, random.Random], bytes]) -> Callable[[Files, random.Random], None]:
    """Some of the files of a kind are changed."""
    def forge(files: Files, chance: random.Random) -> None:
        for name in _names(files, kind):
            if chance.random() < 0.7:
                files[name] = change(files[name], chance)
    return forge


def _rotated(kind: str) -> Callable[[Files, random.Random], None]:
    def forge(files: Files, _: random.Random) -> None:
        names = _names(files, kind)
        contents = [files[name] for name in names]
        files.update(zip(names, contents[1:] + contents[:1], strict=True))
    return forge


def _sealed_anew(files: Files, chance: random.Random) -> None:
    """Records that say something else, sealed as they have to be. Their keys are what the build will ask for."""
    said = chance.choice(_FIELDS)
    for name in _names(files, 'ac'):
        with contextlib.suppress(InvalidResponse):
            record = _read(files[name])
            if record:
                kind, key, content = record
                files[name] = encode_record({**content, **said}, kind, key)


def _read(data: bytes) -> tuple[str, str, dict[str, Any]] | None:
    """Kind, key and content of a record on the wire, which does not say them where they could be had without decoding."""
    text = data.decode('utf-8', 'replace')
    for kind in ('archive',):
        at = text.find('"of":"')
        if at >= 0:
            key = text[at + 6:text.index('"', at + 6)]
            with contextlib.suppress(InvalidResponse):
                return kind, key, decode_record(data, kind, key)
    return None


def _flip(content: bytes, chance: random.Random) -> bytes:
    at = chance.randrange(len(content)) if content else 0
    return content[:at] + bytes([content[at] ^ 1 << chance.randrange(8)]) + content[at + 1:] if content else b'x'


def _cut(content: bytes, chance: random.Random) -> bytes:
    return content[:chance.randrange(len(content) or 1)]


def _an_index(files: Files, chance: random.Random) -> None:
    top = next(iter(files)).split('/ac/')[0].split('/cas/')[0]
    files[f'{top}/index.json'] = chance.choice([
        b'', b'[]', b'{"emroot": 1e999}', b'{' * 100_000, b'\xff' * 1000, b'{"emroot": 1, "records": ["../../evil"]}'])


_FORGERIES: dict[str, Callable[[Files, random.Random], None]] = {
    'flipped blobs': _each('cas', _flip), 'cut blobs': _each('cas', _cut), 'empty blobs': _each('cas', lambda *_: b''),
    'longer blobs': _each('cas', lambda content, _: content + b'evil'), 'blobs of one another': _rotated('cas'),
    'zeros for blobs': _each('cas', lambda content, _: bytes(len(content))),
    'flipped records': _each('ac', _flip), 'cut records': _each('ac', _cut), 'records of one another': _rotated('ac'),
    'records of megabytes': _each('ac', lambda content, _: content + bytes(8 << 20)),
    'records sealed anew': _sealed_anew, 'an index that lies': _an_index,
    'no blobs': lambda files, _: [files.pop(name) for name in _names(files, 'cas')] and None,
}

# --- what a proxy makes of a real server's answers ---

_Handler = Callable[..., bytes]


def _changing(change: Callable[[bytes, random.Random], bytes]) -> Callable[[random.Random], _Handler]:
    return lambda chance: lambda proxy, context, answer: change(answer, chance) if chance.random() < 0.7 else answer


def _the_one_before(_: random.Random) -> _Handler:
    last = [b'']

    def handle(proxy: object, context: object, answer: bytes) -> bytes:
        last.append(answer)
        return last.pop(0)
    return handle


_CHANGES: dict[str, Callable[[random.Random], _Handler]] = {
    'flipped': _changing(_flip), 'cut': _changing(_cut), 'twice': _changing(lambda answer, _: answer + answer),
    'random': _changing(lambda answer, chance: chance.randbytes(len(answer))), 'the one before': _the_one_before,
}
