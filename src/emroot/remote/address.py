"""Where a remote is, whether it may be written to, and what opens it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote, urlsplit

from ..errors import UsageError

#: Before an address: what is built here is to be offered there.
WRITES = 'rw+'
#: The variable that has headers for a remote: `Name: value`, one a line.
HEADER = 'EMROOT_REMOTE_HEADER'
_MEND = 'for example https://cache.example/emroot, rw+https://cache.example/emroot, or a directory'


@dataclass(frozen=True, kw_only=True)
class Address:
    """One remote."""

    place: str
    """A web address without a slash at its end, or the path of a directory. It holds no secrets."""
    is_web: bool
    writes: bool
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Sent with every request, and never shown."""


def parse_address(text: str, *, writes: bool = False, beside: Path | None = None, headers: str = '') -> Address:
    """Read `[rw+]URL` or `[rw+]DIRECTORY`; a relative directory is `beside` a place.

    Raises `UsageError` for other schemes, and for addresses with secrets in them: they would be seen in lists of processes.
    """
    plain = text.removeprefix(WRITES)
    writes = writes or plain != text
    url = urlsplit(plain)
    if url.scheme in ('http', 'https'):
        if not url.hostname or url.query or url.fragment:
            raise UsageError('the address of a remote is a folder on a web server, without `?` or `#`', mend=_MEND)
        if url.username or url.password:
            raise UsageError(f'the address of the remote at {url.hostname} holds a password',
                             mend=f'give it as a header, in the variable {HEADER}: `Authorization: Basic ...`')
        return Address(place=plain.rstrip('/'), is_web=True, writes=writes, headers=_headers(headers))
    if '://' in plain and url.scheme != 'file':
        raise UsageError(f'a remote of the kind {url.scheme!r} is not known', mend=_MEND)
    path = Path(unquote(url.path) if url.scheme == 'file' else plain).expanduser()
    return Address(place=str((beside or Path.cwd()) / path), is_web=False, writes=writes)


def _headers(text: str) -> dict[str, str]:
    found = {}
    for line in filter(None, map(str.strip, text.splitlines())):
        name, colon, value = line.partition(':')
        if not colon or not name.strip().replace('-', '').isalnum() or not value.strip().isprintable():
            raise UsageError(f'{HEADER} has a line that is no header', mend=f"{HEADER}='Authorization: Bearer ...'")
        found[name.strip()] = value.strip()
    return found
