"""The transports by the scheme of a remote's address. A new kind of remote is a module here, and a line in `SCHEMES`."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Mapping
from dataclasses import dataclass

from ..transport import Transport


@dataclass(frozen=True)
class Scheme:
    transport: str
    """Module and class, `http:HttpTransport`; imported when a remote is opened. Made of an address and headers."""
    encrypted: bool = True
    """Whether nobody on the way can read what is sent."""
    network: bool = True
    """Whether the address is a URL with a host; otherwise it is a path."""
    credential_scheme: str = ''
    """The scheme in the address that credential helpers are asked about, if it is another (as Bazel does)."""
    package: str = ''
    """A Python package that the transport needs."""
    extra: str = ''
    """The extra of emroot that brings this package."""

    def open(self, url: str, headers: Mapping[str, str]) -> Transport:
        module, _, name = self.transport.partition(':')
        transport: Transport = getattr(importlib.import_module(f'.{module}', __name__), name)(url, headers)
        return transport

    @property
    def is_available(self) -> bool:
        return not self.package or importlib.util.find_spec(self.package) is not None


#: `file` is that of plain paths, too.
SCHEMES = {
    'https': Scheme('http:HttpTransport'),
    'http': Scheme('http:HttpTransport', encrypted=False),
    'grpcs': Scheme('grpc:GrpcTransport', credential_scheme='https', package='grpc', extra='reapi'),
    'grpc': Scheme('grpc:GrpcTransport', encrypted=False, credential_scheme='http', package='grpc', extra='reapi'),
    'file': Scheme('directory:DirectoryTransport', network=False),
}
