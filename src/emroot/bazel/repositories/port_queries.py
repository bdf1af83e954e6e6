"""Says where the SDK gets the sources of ports, by running each port up to the point where it would fetch them.

Run like `probe/program.py`, by the SDK's own Python. The request's `ports` are names; the answer's are `[name, address, sha512]`.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable
from typing import Any

PROBE = os.path.join(os.path.abspath(__file__).rsplit(os.sep, 3)[0], 'probe')


class Fetching(BaseException):
    """Stops a port's code where it would fetch. No `Exception`, so that the port's code does not catch it."""


def addresses(sdk: Any, names: Iterable[str]) -> list[list[str]]:
    """`[name, URL, sha512 or empty]` of the archives of ports and of their dependencies."""
    from seam_access import install  # type: ignore[import-not-found]
    ports, pending = sdk.ports, list(names)
    found: list[list[str]] = []

    def fetch(name: str, url: str, sha512hash: str = '', *args: object, **kwargs: object) -> None:
        found.append([name, url, sha512hash or ''])
        raise Fetching
    for name in ('fetch_project', 'fetch_port_artifact'):
        install('tools.ports.Ports.' + name, staticmethod(fetch))
    seen: set[str] = set()
    while pending:
        name = pending.pop(0).split(':')[0]
        name = ports.port_variants[name][0] if name in ports.port_variants else name
        if name in seen or name not in ports.ports_by_name:
            continue
        seen.add(name)
        port = ports.ports_by_name[name]
        pending += [str(dep) for dep in getattr(port, 'deps', [])]
        try:
            port.get(ports.Ports, sdk.settings.settings, sdk.shared)
        except Fetching:
            pass
        except Exception as error:  # noqa: BLE001  # a port that looks at what is not there yet: it fails when it is built
            print(f'{name}: {error}', file=sys.stderr)
    return found


def main(request_file: str, answer_file: str) -> None:
    """Answer one request."""
    import program  # type: ignore[import-not-found]
    with open(request_file, encoding='utf-8') as f:
        request = json.load(f)
    from seam_access import require
    sdk = program.SdkModules(os.path.normpath(request['root']))
    require('ports')
    with open(answer_file, 'w', encoding='utf-8', newline='\n') as f:
        json.dump({'schema': program.SCHEMA, 'ports': addresses(sdk, request['ports'])}, f)


if __name__ == '__main__':
    sys.path.insert(0, PROBE)
    from seam_access import answering
    answering(main)
