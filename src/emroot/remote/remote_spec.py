"""The address of a remote, its credentials, and whether uploads are allowed."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, unquote, urlsplit

from ..errors import UsageError
from ..host.home import user_path
from .credentials import Credentials
from .transport import Transport
from .transports import SCHEMES, Scheme

if TYPE_CHECKING:
    from .signing import Keys

#: The prefix of an address that allows uploads.
WRITES = 'rw+'
#: The variable with headers for a remote: `Name: value`, one per line.
HEADER = 'EMROOT_REMOTE_HEADER'
_HINT = 'for example https://cache.example/emroot, rw+https://cache.example/emroot, grpcs://cache.example, or a directory'


@dataclass(frozen=True, kw_only=True)
class RemoteSpec:
    url: str
    """A URL without a trailing slash, or the path of a directory. Contains no secrets."""
    scheme: str
    """One of `transports.SCHEMES`; `file` for a directory."""
    writes: bool
    keys: Keys | None = field(default=None, repr=False)
    """The keys of which one has to have signed a record; None accepts all records."""
    credentials: Credentials = field(default_factory=lambda: Credentials('', {}), repr=False)
    """Headers of every request; never printed."""

    def open(self) -> Transport:
        """A way to the remote. Raises `Unavailable` if its credential helper has no answer."""
        return SCHEMES[self.scheme].open(self.url, self.credentials.headers())

    @property
    def shows_secrets(self) -> bool:
        """Whether credentials are sent unencrypted."""
        url = urlsplit(self.url)
        here = url.hostname in ('localhost', '127.0.0.1', '::1')
        return not SCHEMES[self.scheme].encrypted and self.credentials.has_some and not here


def parse_remote(text: str, *, writes: bool = False, directory: Path | None = None, headers: str = '', helper: str = '',
                 key: str = '') -> RemoteSpec:
    """Read `[rw+]URL` or `[rw+]DIRECTORY`, which is relative to `directory`. `helper`: a program to ask for headers.
    `key`: a public key (see `signing.read_keys`). Raises `UsageError`, also for addresses with a password."""
    keys = None
    if key:
        from .signing import read_keys  # lazy import: most remotes have no keys
        keys = read_keys(key, directory)
    plain = text.removeprefix(WRITES)
    writes = writes or plain != text
    url = urlsplit(plain)
    scheme = SCHEMES.get(url.scheme)
    if scheme and scheme.network:
        _check(url, scheme)
        location = plain.rstrip('/')
        asked = location.replace(url.scheme, scheme.credential_scheme or url.scheme, 1)
        return RemoteSpec(url=location, scheme=url.scheme, writes=writes, keys=keys,
                          credentials=Credentials(asked, _headers(headers), helper))
    if '://' in plain and not scheme:
        raise UsageError(f'unsupported remote scheme {url.scheme!r}', hint=_HINT)
    path = unquote(url.path) if scheme else plain
    return RemoteSpec(url=str(user_path(path, directory)), scheme='file', writes=writes, keys=keys)


def _check(url: SplitResult, scheme: Scheme) -> None:
    if not url.hostname or url.query or url.fragment:
        raise UsageError('the address of a remote is a directory on a web server, without `?` or `#`', hint=_HINT)
    if url.username or url.password:
        raise UsageError(f'the address of the remote at {url.hostname} contains a password',
                         hint=f'give it as a header, in the environment variable {HEADER}: `Authorization: Basic ...`')
    if not scheme.is_available:
        raise UsageError(f'the remote scheme {url.scheme!r} needs the Python package {scheme.package}, which is not installed',
                         hint=f"pip install 'emroot[{scheme.extra}]'")


def _headers(text: str) -> dict[str, str]:
    found = {}
    for line in filter(None, map(str.strip, text.splitlines())):
        name, colon, value = line.partition(':')
        if not colon or not name.strip().replace('-', '').isalnum() or not value.strip().isprintable():
            raise UsageError(f'{HEADER} has a line that is not a header', hint=f"{HEADER}='Authorization: Bearer ...'")
        found[name.strip()] = value.strip()
    return found
