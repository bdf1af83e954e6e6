"""A server of official releases: archives of SDKs of scripts, or what somebody made of them, and an emroot that knows them."""

from __future__ import annotations

import functools
import http.server
import io
import json
import os
import shutil
import stat
import tarfile
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from support.fake import make_fake_sdk

from dev.paths import ROOT
from emroot.hashing import digest_bytes

from .bench import TortureBench

_NODE = '#!/bin/sh\necho v99.0.0\n'
#: Bytes that make an installation last long enough to be killed.
_BULK = 12 << 20
Change = Callable[[bytes], bytes]
"""What becomes of a good archive."""


@dataclass(frozen=True)
class Releases:
    """What to set for an emroot that knows these releases and nothing else."""

    env: dict[str, str]


def releases(bench: TortureBench, wanted: Mapping[str, Change | None], *, bulk: int = _BULK) -> Releases:
    """Serve a release for each version, as good as it is or changed, for as long as this process lives."""
    work = bench.work / f'releases-{len(list(bench.work.glob("releases-*")))}'
    (work / 'served').mkdir(parents=True)
    good, table = a_release(work / 'sdk', bulk), {}
    for version, change in wanted.items():
        content = change(good) if change else good
        directory = work / 'served/linux' / version / 'wasm-binaries.tar.xz'
        directory.parent.mkdir(parents=True)
        directory.write_bytes(content)
        (directory.parent / 'wasm-binaries-arm64.tar.xz').hardlink_to(directory)
        table[version] = {'hash': version, 'linux': digest_bytes(content), 'linux-arm64': digest_bytes(content)}
    program = work / 'src'
    shutil.copytree(ROOT / 'src', program, ignore=shutil.ignore_patterns('*.index', '__pycache__'))
    data = program / 'emroot/sdk/releases.json'
    data.write_text(json.dumps({**json.loads(data.read_text(encoding='utf-8')), 'releases': table}), encoding='utf-8')
    (work / 'bin').mkdir()
    (work / 'bin/node').write_text(_NODE, encoding='utf-8')
    (work / 'bin/node').chmod(0o755)
    path = os.pathsep.join([str(work / 'bin'), os.environ.get('PATH', '')])
    return Releases({'PYTHONPATH': str(program), 'EMROOT_EMSDK_URL': _serve(work / 'served'), 'PATH': path,
                     'no_proxy': '127.0.0.1'})


def a_release(directory: Path, bulk: int) -> bytes:
    """An archive of the layout of official releases."""
    root = make_fake_sdk(directory)
    (root / '.emscripten').unlink()
    members = {f'emscripten/{path.relative_to(root)}': path for path in sorted(root.rglob('*')) if path.is_file()}
    members |= {f'bin/{path.relative_to(directory / "llvm")}': path
                for path in sorted((directory / 'llvm').rglob('*')) if path.is_file()}
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode='w:xz', preset=0) as tar:
        for name, path in members.items():
            info = tarfile.TarInfo(f'install/{name}')
            content = path.read_bytes()
            info.size, info.mode = len(content), stat.S_IMODE(path.stat().st_mode)
            tar.addfile(info, io.BytesIO(content))
        for number in range(4 if bulk else 0):
            info = tarfile.TarInfo(f'install/lib/bulk{number}')
            info.size = bulk // 4
            tar.addfile(info, io.BytesIO(os.urandom(1 << 16) * (bulk // 4 >> 16)))
    return out.getvalue()


def _serve(top: Path) -> str:
    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            """Be quiet."""

    class Server(http.server.ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: object) -> None:
            """Clients are killed."""
    server = Server(('127.0.0.1', 0), functools.partial(Quiet, directory=str(top)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f'http://127.0.0.1:{server.server_port}'
