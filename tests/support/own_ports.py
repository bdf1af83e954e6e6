"""Ports of one's own, with sources in a mirror, whose library depends on settings."""

from __future__ import annotations

import hashlib
import io
import tarfile
from dataclasses import dataclass
from pathlib import Path

#: `{what}` is what else the cache is told of the library; ports differ in that.
PORT = '''
import os

URL = DESCRIPTION = LICENSE = 'of our own'


def lib_name(settings):
  return 'libown' + ''.join('-' + name.lower() for name in {settings!r} if getattr(settings, name)) + '.a'


def get(ports, settings, shared):
  ports.fetch_project('own', '{url}', sha512hash={sha512!r})

  def create(final):
    with open({log!r}, 'a') as f:
      f.write(os.path.basename(final) + chr(10))
    {first}
    source = ports.get_dir('own', 'own-1.0')
    ports.install_headers(source)
    flags = ['-pthread'] if settings.PTHREADS else []
    ports.build_port(source, final, 'own', srcs=['own.c'], flags=flags)

  return [shared.cache.get_lib(lib_name(settings), create{what})]


def clear(ports, settings, shared):
  shared.cache.erase_lib(lib_name(settings))
'''


@dataclass(frozen=True)
class OwnPort:
    """A port's file, the directory with the archive of its sources, and where it notes what it builds."""

    file: Path
    mirror: Path
    log: Path

    @property
    def built(self) -> list[str]:
        """The libraries that were built, in order."""
        return self.log.read_text().split() if self.log.exists() else []


def own_port(directory: Path, *, settings: tuple[str, ...] = (), what: str = ", what='port'", first: str = 'pass',
             url: str = 'http://127.0.0.1:9/own-1.0.tar.gz') -> OwnPort:
    """A port whose library's name tells which of `settings` are set. `first` is what its builder begins with."""
    mirror = directory / 'mirror'
    mirror.mkdir(parents=True)
    files = {'own.h': 'int own(void);\n', 'own.c': '#include "own.h"\nint own(void) { return 42; }\n'}
    with tarfile.open(mirror / 'own-1.0.tar.gz', 'w:gz') as tar:
        for name, text in files.items():
            entry = tarfile.TarInfo(f'own-1.0/{name}')
            entry.size = len(text)
            tar.addfile(entry, io.BytesIO(text.encode()))
    digest = hashlib.sha512((mirror / 'own-1.0.tar.gz').read_bytes()).hexdigest()
    port = OwnPort(directory / 'own.py', mirror, directory / 'built.log')
    port.file.write_text(PORT.format(url=url, sha512=digest, settings=list(settings), what=what, first=first, log=str(port.log)))
    (directory / 'main.c').write_text('#include <own.h>\nint answer(void) { return own(); }\n')
    return port
