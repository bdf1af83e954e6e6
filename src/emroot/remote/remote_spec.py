"""The address of a remote, its credentials, and whether uploads are allowed."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, unquote, urlsplit

from ..errors import UsageError
from ..host.files import user_path
from .credentials import Credentials

if TYPE_CHECKING:
    from .signing import Keys

#: The prefix of an address that allows uploads.
WRITES = 'rw+'
#: The variable with headers for a remote: `Name: value`, one per line.
HEADER = 'EMROOT_REMOTE_HEADER'
_MEND = 'for example https://cache.example/emroot, rw+https://cache.example/emroot, grpcs://cache.example, or a directory'


#: The kind of a remote, by scheme (see `transport.open_transport`).
_KINDS = {'http': 'web', 'https': 'web', 'grpc': 'reapi', 'grpcs': 'reapi'}


@dataclass(frozen=True, kw_only=True)
class RemoteSpec:
    """A parsed address of a remote."""

    url: str
    """A URL without a trailing slash, or the path of a directory. Contains no secrets."""
    kind: str
    """`web`, `reapi` or `directory`."""
    writes: bool
    keys: Keys | None = field(default=None, repr=False)
    """The keys of which one has to have signed a record; None accepts all records."""
    credentials: Credentials = field(default_factory=lambda: Credentials('', {}), repr=False)
    """Headers of every request; never printed."""

    @property
    def shows_secrets(self) -> bool:
        """Whether credentials are sent unencrypted."""
        url = urlsplit(self.url)
        here = url.hostname in ('localhost', '127.0.0.1', '::1')
        return url.scheme in ('http', 'grpc') and self.credentials.has_some and not here


def parse_remote(text: str, *, writes: bool = False, directory: Path | None = None, headers: str = '', helper: str = '',
                 key: str = '') -> RemoteSpec:
    """Parse `[rw+]URL` or `[rw+]DIRECTORY`; a relative directory is relative to `beside`. `helper`: a program
    for headers. `key`: a public key (see `signing.read_keys`).

    Raises `UsageError` for other schemes, and for addresses with a password, which would be visible in
    process lists.
    """
    keys = _keys(key, directory) if key else None
    plain = text.removeprefix(WRITES)
    writes = writes or plain != text
    url = urlsplit(plain)
    if kind := _KINDS.get(url.scheme):
        _check(url, kind)
        location = plain.rstrip('/')
        asked = location.replace('grpc', 'http', 1) if kind == 'reapi' else location  # as Bazel asks its helpers
        return RemoteSpec(url=location, kind=kind, writes=writes, keys=keys,
                          credentials=Credentials(asked, _headers(headers), helper))
    if '://' in plain and url.scheme != 'file':
        raise UsageError(f'unsupported remote scheme {url.scheme!r}', hint=_MEND)
    path = unquote(url.path) if url.scheme == 'file' else plain
    return RemoteSpec(url=str(user_path(path, directory)), kind='directory', writes=writes, keys=keys)


def _keys(key: str, directory: Path | None) -> Keys:
    from .signing import read_keys  # lazy import: most remotes have no keys
    return read_keys(key, directory)


def _check(url: SplitResult, kind: str) -> None:
    if not url.hostname or url.query or url.fragment:
        raise UsageError('the address of a remote is a directory on a web server, without `?` or `#`', hint=_MEND)
    if url.username or url.password:
        raise UsageError(f'the address of the remote at {url.hostname} contains a password',
                         hint=f'give it as a header, in the environment variable {HEADER}: `Authorization: Basic ...`')
    if kind == 'reapi' and importlib.util.find_spec('grpc') is None:
        raise UsageError(f'the remote scheme {url.scheme!r} needs gRPC, which is not installed',
                         hint="pip install 'emroot[reapi]'")


def _headers(text: str) -> dict[str, str]:
    found = {}
    for line in filter(None, map(str.strip, text.splitlines())):
        name, colon, value = line.partition(':')
        if not colon or not name.strip().replace('-', '').isalnum() or not value.strip().isprintable():
            raise UsageError(f'{HEADER} has a line that is not a header', hint=f"{HEADER}='Authorization: Bearer ...'")
        found[name.strip()] = value.strip()
    return found
