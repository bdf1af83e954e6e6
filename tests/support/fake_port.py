"""Sources under the names of real ones, which cost nothing to compile."""

from __future__ import annotations

from pathlib import Path


def pretend_zlib(directory: Path) -> Path:
    """A directory with sources under the names that the port of zlib compiles, which cost nothing."""
    directory.mkdir(parents=True)
    for name in ('adler32', 'compress', 'crc32', 'deflate', 'gzclose', 'gzlib', 'gzread', 'gzwrite', 'infback', 'inffast',
                 'inflate', 'inftrees', 'trees', 'uncompr', 'zutil'):
        (directory / f'{name}.c').write_text(f'int {name}_of_this_zlib;\n')
    (directory / 'zlib.h').write_text('extern int zutil_of_this_zlib;\n')
    return directory
