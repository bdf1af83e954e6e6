"""The build action that packs what a link needs to make objects by itself, as one file: one input more of each link.

    python source_package.py OUT IDENTITY ARCHIVE...

The ARCHIVEs are all those of the repository `emscripten_sources`. One has emroot's package, whose modules are here compiled, too.
"""

from __future__ import annotations

import py_compile
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

sys.path.insert(0, str(Path(__file__).absolute().parents[3]))

from emroot.bazel.source_archives import PACKAGE, pack, read  # the line above makes the package importable

#: What an SDK is by its content, in the archive.
IDENTITY = 'identity.json'


def main(out: str, identity: str, *archives: str) -> int:
    """Write the archive; return the exit code."""
    entries: dict[str, bytes] = {IDENTITY: Path(identity).read_bytes()}
    for archive in archives:
        entries.update(read(archive))
    pack({**entries, **dict(_compiled(entries))}, Path(out))
    return 0


def _compiled(entries: Mapping[str, bytes]) -> Iterator[tuple[str, bytes]]:
    """The compiled modules of the package, with their names in the archive, valid wherever that is unpacked."""
    with tempfile.TemporaryDirectory() as directory:
        source, to = Path(directory, 'module.py'), Path(directory, 'module.pyc')
        for name, content in entries.items():
            if name.startswith(PACKAGE) and name.endswith('.py'):
                source.write_bytes(content)
                py_compile.compile(str(source), str(to), name, doraise=True,
                                   invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH)
                package, _, module = name.removesuffix('.py').rpartition('/')
                yield f'{package}/__pycache__/{module}.{sys.implementation.cache_tag}.pyc', to.read_bytes()


if __name__ == '__main__':
    sys.exit(main(*sys.argv[1:]))
