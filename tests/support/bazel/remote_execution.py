"""The server, its database and its workers, for as long as a block runs."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from dev.paths import dev_cache, say
from emroot.hashing import digest_record
from emroot.store import try_lock

from ..subprocesses import below, free_ports, running
from .container import Container
from .tree import Tree

#: BuildGrid 0.4 is for Python 3.11 and later; psycopg 3 breaks its notifier.
PACKAGES = ('BuildGrid==0.4.4', 'psycopg2-binary>=2.9,<3', 'pgserver==0.1.4')
#: Of the workers.
PROPERTIES = '--remote_default_exec_properties=OSFamily=linux'
#: Bazel makes about a hundred calls at a time on each connection. BuildGrid has a thread for each call, and refuses those for
#: which there is none (`maximum_concurrent_rpcs`): of a first upload of thousands of files, some are refused more often than
#: Bazel tries again.
BOUND = '--remote_max_connections=1'
_CONFIG = """
server:
  - !channel {{ address: "127.0.0.1:{port}", insecure-mode: true }}
authorization: {{ method: none }}
monitoring: {{ enabled: false }}
connections:
  - !sql-connection &sql {{ connection-string: "{database}", pool-size: 10, max-overflow: 20 }}
storages:
  - !lru-storage &storage {{ size: 4GB }}
caches:
  - !lru-action-cache &cache {{ storage: *storage, max-cached-refs: 65536, allow-updates: true, cache-failed-actions: false }}
schedulers:
  - !sql-scheduler &scheduler
    sql: *sql
    storage: *storage
    action-cache: *cache
    bot-session-keepalive-timeout: 10
    property-set: !dynamic-property-set {{ match-property-keys: [OSFamily] }}
    assigners:
      - !priority-age-assigner {{ count: 2, interval: 0.1, priority-assignment-percentage: 100 }}
instances:
  - name: ''
    services:
      - !action-cache {{ cache: *cache }}
      - !execution {{ scheduler: *scheduler }}
      - !bots {{ scheduler: *scheduler }}
      - !cas {{ storage: *storage }}
      - !bytestream {{ storage: *storage }}
thread-pool-size: 200
"""
#: Without a file of settings, which its migrations would take for one of logging.
_TABLES = """
import sys
from alembic import command, config
settings = config.Config()
settings.set_main_option('script_location', sys.argv[1])
settings.set_main_option('sqlalchemy.url', sys.argv[2])
command.upgrade(settings, 'head')
"""


class ExecutionUnavailable(RuntimeError):
    """It cannot be had on this machine; the message says why."""


@dataclass
class Execution:
    """A running server."""

    port: int
    directory: Path
    container: Container
    workers: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def flags(self) -> list[str]:
        """What tells Bazel to use it."""
        return [f'--remote_executor=grpc://127.0.0.1:{self.port}', PROPERTIES, BOUND]

    @property
    def cache_flags(self) -> list[str]:
        """What tells Bazel to take what is there, and to build the rest itself. Properties are a part of actions' keys."""
        return [f'--remote_cache=grpc://127.0.0.1:{self.port}', PROPERTIES, BOUND]

    def add_worker(self, jobs: int = 1) -> None:
        """Start another worker, for `jobs` actions at a time."""
        name = f'worker-{len(self.workers)}'
        with open(self.directory / f'{name}.log', 'ab') as log:
            self.workers.append(self.container.start(
                ['buildbox-worker', f'--remote=http://127.0.0.1:{self.port}', '--buildbox-run=/usr/bin/buildbox-run-hosttools',
                 '--runner-arg=--disable-localcas', '--platform=OSFamily=linux', f'--concurrent-jobs={jobs}', name],
                cwd=Path('/'), output=log))

    def kill_worker(self) -> None:
        """SIGKILL for the oldest worker and whatever it runs."""
        worker = self.workers.pop(0)
        for process in (*below(worker.pid)[::-1], worker.pid):
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        worker.wait()


@contextlib.contextmanager
def remote_execution(tree: Tree, *, workers: int = 2) -> Iterator[Execution]:
    """A server with `workers` workers of one job each. Raises `ExecutionUnavailable`."""
    programs = ensure_programs()
    with tempfile.TemporaryDirectory(prefix='emroot-execution-', dir=dev_cache()) as directory, contextlib.ExitStack() as stack:
        top = Path(directory)
        database = stack.enter_context(_database(programs, top))
        [port] = free_ports(1)
        (top / 'server.yml').write_text(_CONFIG.format(port=port, database=database), encoding='utf-8')
        server = [programs / 'bin/bgd', 'server', 'start', top / 'server.yml']
        stack.enter_context(running(server, top / 'server.log', port=port))
        container = stack.enter_context(tree.open(network=True))
        execution = Execution(port, top, container)
        try:
            for _ in range(workers):
                execution.add_worker()
            yield execution
        finally:
            while execution.workers:
                execution.kill_worker()


def ensure_programs() -> Path:
    """The virtual environment with BuildGrid and PostgreSQL, made if it is not there. Raises `ExecutionUnavailable`."""
    directory = dev_cache() / 'programs' / f'buildgrid-{digest_record([*PACKAGES, *sys.version_info[:2]])[:12]}'
    directory.parent.mkdir(parents=True, exist_ok=True)
    with try_lock(directory.with_suffix('.lock'), seconds=900):
        if not (directory / 'made').is_file():
            say('getting BuildGrid and PostgreSQL (about 100 MB)')
            shutil.rmtree(directory, ignore_errors=True)
            subprocess.run([sys.executable, '-m', 'venv', str(directory)], check=True)
            got = subprocess.run([str(directory / 'bin/pip'), 'install', '--disable-pip-version-check', '--quiet', *PACKAGES],
                                 capture_output=True, text=True, check=False)
            if got.returncode != 0:
                raise ExecutionUnavailable(f'BuildGrid cannot be installed: {got.stderr.strip().splitlines()[-1:]}')
            (directory / 'made').touch()
    return directory


@contextlib.contextmanager
def _database(programs: Path, directory: Path) -> Iterator[str]:
    """PostgreSQL with BuildGrid's tables; its address. It refuses to be root: as root it thinks that it is somebody else."""
    [found] = programs.glob('lib/python*/site-packages/pgserver/pginstall/bin')
    other = ['unshare', '--user', '--map-user=1000', '--map-group=1000'] if os.geteuid() == 0 else []
    data = directory / 'data'
    made = subprocess.run([*other, str(found / 'initdb'), '-D', str(data), '-U', 'postgres', '-A', 'trust', '--no-locale', '-E',
                           'UTF8', '--no-sync'], capture_output=True, text=True, check=False)
    if made.returncode != 0:
        raise ExecutionUnavailable(f'PostgreSQL cannot be set up: {made.stderr.strip()}')
    # a path of a hundred characters and more is too long for a socket
    with tempfile.TemporaryDirectory(prefix='pg') as sockets:
        command = [*other, found / 'postgres', '-D', data, '-k', sockets, '-c', 'listen_addresses=', '-c', 'fsync=off',
                   '-c', 'max_connections=200']
        with running(command, directory / 'database.log'):
            until = time.monotonic() + 60
            while subprocess.run([str(found / 'pg_isready'), '-q', '-h', sockets, '-U', 'postgres'], check=False).returncode:
                if time.monotonic() > until:
                    raise ExecutionUnavailable((directory / 'database.log').read_text()[-2000:])
                time.sleep(0.1)
            address = f'postgresql+psycopg2://postgres@/postgres?host={sockets}'
            [migrations] = programs.glob('lib/python*/site-packages/buildgrid/server/sql/alembic')
            subprocess.run([str(programs / 'bin/python'), '-c', _TABLES, str(migrations), address], check=True,
                           capture_output=True)
            yield address
