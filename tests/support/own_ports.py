"""Ports of one's own, with sources in a mirror: a plain one, and one whose library depends on settings."""

from __future__ import annotations

import hashlib
import io
import tarfile
from dataclasses import dataclass
from pathlib import Path

#: The address at which these ports would be fetched: nothing listens there.
NOWHERE = 'http://127.0.0.1:9'
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
#: A port that needs others.
PLAIN_PORT = '''
import os

deps = {deps!r}


def needed(settings):
  return False


def process_dependencies(settings):
  for dep in deps:
    setattr(settings, 'USE_' + dep.upper(), 1)


def get(ports, settings, shared):
  ports.fetch_project('{name}', '{url}/{name}-1.0.tar.gz', sha512hash={sha512!r})

  def create(final):
    source = ports.get_dir('{name}', '{name}-1.0')
    ports.install_headers(source)
    ports.build_port(source, final, '{name}', srcs=['{name}.c'])

  return [shared.cache.get_lib('lib{name}.a', create, what='port')]


def clear(ports, settings, shared):
  shared.cache.erase_lib('lib{name}.a')


def show():
  return '{name}'
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


def _archive(mirror: Path, name: str, files: dict[str, str]) -> str:
    """Writes the archive of a port's sources; its SHA-512."""
    archive = mirror / f'{name}-1.0.tar.gz'
    with tarfile.open(archive, 'w:gz') as tar:
        for file, text in files.items():
            entry = tarfile.TarInfo(f'{name}-1.0/{file}')
            entry.size = len(text)
            tar.addfile(entry, io.BytesIO(text.encode()))
    return hashlib.sha512(archive.read_bytes()).hexdigest()


def own_port(directory: Path, *, settings: tuple[str, ...] = (), what: str = ", what='port'", first: str = 'pass',
             url: str = f'{NOWHERE}/own-1.0.tar.gz') -> OwnPort:
    """A port whose library's name tells which of `settings` are set. `first` is what its builder begins with."""
    mirror = directory / 'mirror'
    mirror.mkdir(parents=True)
    files = {'own.h': 'int own(void);\n', 'own.c': '#include "own.h"\nint own(void) { return 42; }\n'}
    digest = _archive(mirror, 'own', files)
    port = OwnPort(directory / 'own.py', mirror, directory / 'built.log')
    port.file.write_text(PORT.format(url=url, sha512=digest, settings=list(settings), what=what, first=first, log=str(port.log)))
    (directory / 'main.c').write_text('#include <own.h>\nint answer(void) { return own(); }\n')
    return port


def plain_port(directory: Path, name: str = 'own', *, sha512: str = '', deps: tuple[str, ...] = (),
               text: str = '') -> tuple[Path, Path]:
    """A port's file, and a mirror with its archive. `deps` are the ports that it needs, `sha512` what it says of its archive,
    `text` who says so."""
    mirror = directory / 'mirror'
    mirror.mkdir(parents=True)
    files = {f'{name}.h': f'const char *{name}(void);\n',
             f'{name}.c': f'#include "{name}.h"\nconst char *{name}(void) {{ return "{text or name} says so"; }}\n'}
    digest = _archive(mirror, name, files)
    port = directory / f'{name}.py'
    port.write_text(PLAIN_PORT.format(name=name, url=NOWHERE, sha512=sha512 or digest, deps=list(deps)))
    return port, mirror
