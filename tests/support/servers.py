"""Real servers on the loopback, for as long as a block runs."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from .documents import DOCS
from .downloads.debian_packages import ProgramUnavailable, UnpackedPackage, unpacked
from .running import cannot_run
from .subprocesses import free_ports, running

_NGINX = """
daemon off; master_process off; worker_processes 1; pid {directory}/pid; error_log {directory}/error.log info;
{user}
events {{ worker_connections 512; }}
http {{
  access_log {directory}/access.log; client_max_body_size 0; default_type application/octet-stream;
  client_body_temp_path {directory}/body; proxy_temp_path {directory}/proxy;
  fastcgi_temp_path {directory}/f; uwsgi_temp_path {directory}/u;
  scgi_temp_path {directory}/s;
  server {{ listen 127.0.0.1:{port}; location / {{ root {directory}/files; {writes} }} }}
  {more}
}}
"""
#: What makes it a cache that can be filled, as the page has it.
_WRITES = ' '.join(re.findall(r'^ +((?:dav_methods|create_full_put_path) [^;]+;)',
                              (DOCS / 'how-to/share.md').read_text(encoding='utf-8'), re.MULTILINE))
#: In front of a gRPC server: encrypted, and with a word to say.
_GRPC = """
  server {{ listen 127.0.0.1:{port} ssl; http2 on; ssl_certificate {certificate}; ssl_certificate_key {key};
    if ($http_authorization != "{token}") {{ return 401; }}
    location / {{ grpc_pass grpc://127.0.0.1:{behind}; }} }}
"""
#: The same in front of what this nginx serves.
_TLS = """
  server {{ listen 127.0.0.1:{port} ssl; ssl_certificate {certificate}; ssl_certificate_key {key};
    if ($http_authorization != "{token}") {{ return 401; }}
    location / {{ root {directory}/files; {writes} }} }}
"""


def tools() -> UnpackedPackage:
    """nginx, ccache and buildbox of Debian's next release (40 MB, got once); without them the test cannot run."""
    try:
        return unpacked('nginx', 'ccache', 'buildbox', suite='forky')
    except ProgramUnavailable as why:
        cannot_run(str(why))
        raise


@dataclass(frozen=True)
class Tls:
    """How the encrypted door of a server is opened."""

    certificate: Path
    key: Path
    token: str


@dataclass(frozen=True)
class Nginx:
    """Where it listens, and what it serves."""

    directory: Path
    url: str
    tls_url: str
    grpcs_url: str

    @property
    def files(self) -> Path:
        """The root of what it serves."""
        return self.directory / 'files'

    def asked(self) -> list[tuple[str, str, int]]:
        """Method, path and status of each request so far."""
        lines = (self.directory / 'access.log').read_text().splitlines()
        return [(line.split('"')[1].split()[0], line.split('"')[1].split()[1], int(line.split('"')[2].split()[0]))
                for line in lines if len(line.split('"')[1].split()) > 1]


@contextlib.contextmanager
def nginx(directory: Path, *, writes: bool = False, tls: Tls | None = None, grpc_behind: int = 0) -> Iterator[Nginx]:
    """A real nginx that serves `directory/files`; with `writes` it is what Bazel takes for a remote cache."""
    (directory / 'files').mkdir(parents=True, exist_ok=True)
    port, tls_port, grpc_port = free_ports(3)
    more = ''
    dav = _WRITES if writes else ''
    if tls:
        given = {'certificate': tls.certificate, 'key': tls.key, 'token': tls.token}
        more = _TLS.format(port=tls_port, directory=directory, writes=dav, **given)
        more += _GRPC.format(port=grpc_port, behind=grpc_behind, **given) if grpc_behind else ''
    (directory / 'nginx.conf').write_text(_NGINX.format(directory=directory, port=port, writes=dav, more=more,
                                                        user='user root;' if os.geteuid() == 0 else ''))
    command = tools().command('nginx', '-p', directory, '-e', directory / 'error.log', '-c', directory / 'nginx.conf')
    with running(command, directory / 'error.log', port=port):
        yield Nginx(directory, f'http://127.0.0.1:{port}', f'https://localhost:{tls_port}', f'grpcs://localhost:{grpc_port}')


@contextlib.contextmanager
def casd(directory: Path, runner: Path | None = None) -> Iterator[int]:
    """A real server of the Remote Execution API's storage and action cache, and of execution if there is a runner; its port."""
    directory.mkdir(parents=True, exist_ok=True)
    port, = free_ports(1)
    execution = [f'--buildbox-run={runner}', '--runner-arg=--disable-localcas', '--jobs=2'] if runner else []
    command = tools().command('buildbox-casd', f'--bind=127.0.0.1:{port}', *execution, directory / 'cas')
    with running(command, directory / 'casd.log', port=port):
        yield port
