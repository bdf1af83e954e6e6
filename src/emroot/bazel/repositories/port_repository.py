"""Where the sources of ports come from, for `@emscripten_port_<port>`: writes `ports.json`."""

from __future__ import annotations

import base64
import os
from pathlib import Path
from typing import Any

from ...hashing import canonical_json
from ...host.files import write_text
from ...host.home import Home
from ...libraries.catalogue import Catalogue
from ...modes import Mode
from ...probe import ask
from ...sdk import find_sdk

PORTS = Path(__file__).with_name('port_queries.py')


def fetch_ports(request: dict[str, Any], out: Path, home: Home) -> None:
    """Write `[port, URL, integrity]` of the declared ports and of their dependencies."""
    if request['config']:
        os.environ['EM_CONFIG'] = request['config']
    sdk = find_sdk(home, request['root'])
    catalogue = Catalogue(sdk, home)
    listing = catalogue.listing(Mode())
    ports = [t for t in listing.expand(request['targets']) if not listing.library(t)]
    answer = ask(sdk.python, sdk.root, 'ports', catalogue.environment(), program=PORTS, ports=ports) if ports else {'ports': []}
    write_text(out / 'ports.json', canonical_json([[port, url, integrity(sha512)] for port, url, sha512 in answer['ports']]))


def integrity(sha512: str) -> str:
    """A hexadecimal sha512 as Bazel's `integrity`, which is also the key of Bazel's repository cache."""
    return f'sha512-{base64.b64encode(bytes.fromhex(sha512)).decode()}' if len(sha512) == 128 else ''
