"""Bundles to break: taking one apart, and putting hostile ones together."""

from __future__ import annotations

import gzip
import io
import json
import random
import tarfile
from collections.abc import Callable
from typing import Any

from emroot.bundle.manifest import KIND, NAME
from emroot.hashing import digest_bytes
from emroot.store.records import seal

Member = tuple[tarfile.TarInfo, bytes]


def take_apart(tar: bytes) -> list[Member]:
    """The members of a tar file."""
    with tarfile.open(fileobj=io.BytesIO(tar)) as f:
        return [(info, (f.extractfile(info) or io.BytesIO()).read()) for info in f.getmembers()]


def put_together(members: list[Member]) -> bytes:
    """A tar file of these members, with whatever headers they need."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode='w', format=tarfile.PAX_FORMAT) as f:
        for info, content in members:
            if info.isreg():
                info.size = len(content)
            f.addfile(info, io.BytesIO(content) if info.isreg() else None)
    return out.getvalue()


def with_manifest(members: list[Member], change: Callable[[dict[str, Any]], object]) -> list[Member]:
    """The same with another manifest, sealed anew."""
    document = json.loads(members[0][1])
    change(document)
    of = document.pop('of')
    for name in ('record', 'sum'):
        del document[name]
    return [(members[0][0], json.dumps(seal(document, KIND, of)).encode()), *members[1:]]


def plain(name: str, content: bytes = b'evil') -> Member:
    """A file."""
    info = tarfile.TarInfo(name)
    info.mode, info.size = 0o644, len(content)
    return info, content


def special(name: str, kind: bytes, target: str = '') -> Member:
    """A link, a device, a pipe or a directory."""
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info, b''


_NAMES = ('../evil', '/evil', 'sysroot/../../evil', '..\\evil', 'C:/evil', './../evil', 'sysroot//../../../evil', '.emroot/evil',
          'evil', 'sysroot/lib/' + 'a/' * 120 + 'evil', 'sysroot/lib/ev\nil', 'sysroot/lib/evil\u202e.a', '.emroot/tmp/evil',
          'sanity.txt', 'sysroot/lib/.', '~/evil', 'CON', 'sysroot/lib/evil')
_KINDS = (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE, tarfile.DIRTYPE, tarfile.CONTTYPE)
_TARGETS = ('/etc/passwd', '../../../evil', '..', '.', NAME, 'sysroot/lib')

_WAYS = ('name', 'promised', 'special', 'special instead', 'cut', 'flip', 'twice', 'order', 'left out', 'lie', 'after', 'bomb',
         'no manifest', 'long header')
_LIES: tuple[tuple[str, object], ...] = (
    ('sha256', 'f' * 64), ('sha256', '../' * 21 + 'f'), ('size', 1), ('size', -1), ('size', 1 << 62), ('size', True),
    ('size', '4'), ('key', '../evil'), ('key', None), ('kind', 'object'), ('kind', '../../evil'), ('located', '../evil'))


def hostile(good: bytes, chance: random.Random) -> tuple[str, bytes]:
    """What was done to a good tar file, and what became of it. It is never one that may be taken."""
    members = take_apart(good)
    at = chance.randrange(1, len(members))
    library = chance.choice([n for n, (info, _) in enumerate(members) if info.name.startswith('sysroot/lib/')])
    name, path = chance.choice(_NAMES), members[library][0].name

    def promise(document: dict[str, Any]) -> None:
        """The manifest tells of the file, so that only its name is wrong."""
        document['files'][name] = {**document['files'][path], 'sha256': digest_bytes(b'evil'), 'size': 4}

    def lie(field: str, value: object) -> Callable[[dict[str, Any]], object]:
        return lambda document: document['files'][path].update({field: value})

    way = chance.choice(_WAYS)
    if way == 'name':
        return f'{way} {name!r}', put_together([*members[:at], plain(name), *members[at:]])
    if way == 'promised':
        promised = [*with_manifest(members, promise), plain(name)]
        return f'{way} {name!r}', put_together([promised[0], *sorted(promised[1:], key=lambda m: m[0].name)]) \
            if name != 'sysroot/lib/evil' else put_together([plain(name), *members])
    if way == 'special':
        return way, put_together([*members[:at], special(name, chance.choice(_KINDS), chance.choice(_TARGETS)), *members[at:]])
    if way == 'special instead':
        swapped = special(members[at][0].name, chance.choice(_KINDS), chance.choice(_TARGETS))
        return way, put_together([*members[:at], swapped, *members[at + 1:]])
    if way == 'cut':
        content = sum(512 + -(-len(data) // 512) * 512 for _, data in members)
        return way, good[:chance.randrange(content)]
    if way == 'flip':
        offset = chance.choice([m[0].offset_data + chance.randrange(m[0].size) for m in members if m[0].size])
        return f'{way} {offset}', good[:offset] + bytes([good[offset] ^ 1 << chance.randrange(8)]) + good[offset + 1:]
    if way == 'twice':
        return way, put_together([*members[:at + 1], members[at], *members[at + 1:]])
    if way == 'order':
        return way, put_together([members[0], *members[:0:-1]])
    if way == 'left out':
        return way, put_together([*members[:at], *members[at + 1:]])
    if way == 'lie':
        field, value = chance.choice(_LIES)
        return f'{way} {field} {value}', put_together(with_manifest(members, lie(field, value)))
    if way == 'after':
        return way, good + b'evil'
    if way == 'bomb':
        return way, put_together([*members, plain('sysroot/lib/zeros', bytes(8 << 20))])
    if way == 'long header':
        info, content = members[at]
        info.pax_headers = {'path': '../evil', 'comment': 'x' * (1 << 20)}
        return way, put_together([*members[:at], (info, content), *members[at + 1:]])
    return way, put_together(members[1:])


def squeezed(tar: bytes) -> bytes:
    """Compressed, quickly."""
    return gzip.compress(tar, compresslevel=1)
