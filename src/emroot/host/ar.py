"""Archives in GNU's format, as llvm-ar writes them."""

from __future__ import annotations

from collections.abc import Iterator

MAGIC = b'!<arch>\n'
_HEADER_SIZE, _HEADER_END = 60, b'`\n'


def read_archive(data: bytes) -> Iterator[tuple[str, bytes]]:
    """Names and contents of the members, in order. Raises `ValueError` if it is no archive, damaged or truncated."""
    if not data.startswith(MAGIC):
        raise ValueError('not an archive')
    at, long_names = len(MAGIC), b''
    while at < len(data):
        header = data[at:at + _HEADER_SIZE]
        name, size = header[:16].rstrip(), int(header[48:58])
        content = data[at + _HEADER_SIZE:at + _HEADER_SIZE + size]
        if header[58:] != _HEADER_END or len(content) != size:
            raise ValueError('truncated')
        if name == b'//':
            long_names = content
        elif name not in (b'/', b'/SYM64/'):
            start = int(name[1:]) if name.startswith(b'/') else -1
            spelled = long_names[start:long_names.index(b'/\n', start)] if start >= 0 else name.removesuffix(b'/')
            yield spelled.decode(), content
        at += _HEADER_SIZE + size + size % 2
