"""`dev.py static-sdk`: an SDK with a statically linked clang, as official releases have, made of packages; prints its root.

It is the newest of Debian's SDKs in another tree, with the clang of the ziglang wheel (22.1.8: as near to an official release as
packages get) and Debian's own linker and archiver. It compiles, links and runs programs without LTO: the linker, of LLVM 21, does
not read this clang's bitcode.
"""

from __future__ import annotations

import contextlib
import os
import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from support.sdks import get_sdks

from emroot.errors import SdkError
from emroot.host.files import remove_tree
from emroot.host.locks import try_lock
from emroot.sdk.installation import installed_at
from emroot.sdk.wheels.pip_wheels import get_wheel, pinned, program

from .paths import ROOT, dev_cache, say

PINS = ROOT / 'tests/support/downloads/pins.json'
#: zig is clang, too: a program that starts it so. It is linked statically, and takes no time that can be measured.
_LAUNCHER = r'''
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
int main(int count, char **given) {
  char **words = malloc((count + 4) * sizeof *words);
  int n = 0;
  words[n++] = ZIG;
  words[n++] = "clang";
  if (strcmp(DRIVER, "g++") == 0) words[n++] = "--driver-mode=g++";
  if (count < 2 || strcmp(given[1], "-cc1") != 0) words[n++] = "-resource-dir=" RESOURCES;
  for (int i = 1; i < count; i++) words[n++] = given[i];
  words[n] = 0;
  execv(ZIG, words);
  return 127;
}
'''


def static_sdk() -> Path:
    """The root of this SDK, made if it is not there. Raises `SdkError` if it cannot be had here."""
    if platform.system() != 'Linux' or platform.machine() != 'x86_64':
        raise SdkError('the clang of the ziglang wheel is used on Linux, x86-64, only', hint='use another machine')
    pin = pinned('ziglang', PINS)
    with copy_of_sdk(dev_cache() / 'static-sdk', f'clang-{pin.version}') as (root, original):
        if original:
            say('getting a statically linked clang (100 MB)')
            zig = program(get_wheel(pin, dev_cache() / 'static-sdk' / f'zig-{pin.version}'), 'zig')
            use_llvm(root, _with_clang(original, zig))
    return root


@contextlib.contextmanager
def copy_of_sdk(directory: Path, name: str) -> Iterator[tuple[Path, Path | None]]:
    """The root of a copy of Debian's SDK in a directory, and the LLVM of that, to be replaced in the block: None if the copy is
    there, replaced already. Raises `SdkError` if there is none to copy."""
    found, missing = get_sdks()
    if not found:
        raise SdkError(f'there is no SDK to copy: {"; ".join(missing)}', hint='see what `emroot sdk install` says')
    top, original = installed_at(found[0]), found[0]
    tree = directory / f'{top.name}-{name}'
    root, ready = tree / original.relative_to(top), tree / 'ready'
    with try_lock(tree.with_name(f'{tree.name}.lock'), seconds=900):  # tests and commands may ask for it at once
        if ready.exists():
            yield root, None
            return
        remove_tree(tree)
        say('copying the SDK')
        shutil.copytree(top, tree, symlinks=True, dirs_exist_ok=True, copy_function=_link)
        yield root, Path(str(_configuration(root)['LLVM_ROOT']))
        ready.touch()


def use_llvm(root: Path, llvm: Path) -> None:
    """Have an SDK use the LLVM beside its own."""
    config = (root / '.emscripten').read_text(encoding='utf-8')
    aside = root / '.emscripten.new'
    aside.write_text(f'{config}LLVM_ROOT = os.path.join(os.path.dirname(LLVM_ROOT), {llvm.name!r})\n', encoding='utf-8')
    aside.replace(root / '.emscripten')  # the other tree has links to the same files


def _configuration(root: Path) -> dict[str, object]:
    said: dict[str, object] = {'__file__': str(root / '.emscripten')}
    exec((root / '.emscripten').read_text(encoding='utf-8'), said)  # noqa: S102  # as Emscripten does
    return said


def _with_clang(original: Path, zig: Path) -> Path:
    """A directory of programs as `original`, with zig's clang."""
    llvm = original.with_name('static-bin')
    llvm.mkdir()
    for tool in original.iterdir():
        if not re.fullmatch(r'clang(\+\+|-\d+|-cpp)?', tool.name):
            (llvm / tool.name).symlink_to(Path('..', original.name, tool.name))
    source = llvm / 'launcher.c'
    source.write_text(_LAUNCHER, encoding='utf-8')
    env = {**os.environ, **dict.fromkeys(('ZIG_GLOBAL_CACHE_DIR', 'ZIG_LOCAL_CACHE_DIR'), str(llvm / 'zig-cache'))}
    for name, driver in (('clang', 'gcc'), ('clang++', 'g++')):
        values = {'ZIG': str(zig), 'DRIVER': driver, 'RESOURCES': str(zig.parent / 'lib')}
        subprocess.run([zig, 'cc', '-target', 'x86_64-linux-musl', '-static', '-O1', '-s', '-o', llvm / name, source,
                        *(f'-D{macro}="{value}"' for macro, value in values.items())], env=env, check=True, capture_output=True)
    remove_tree(llvm / 'zig-cache')
    return llvm


def _link(source: str, target: str) -> None:
    try:
        os.link(source, target, follow_symlinks=False)
    except OSError:  # on another disk
        shutil.copy2(source, target, follow_symlinks=False)


def main(_argv: list[str]) -> int:
    """Make it, and print where it is."""
    return print_root(static_sdk)


def print_root(make: Callable[[], Path]) -> int:
    """Print the root of an SDK that is made, or why it cannot be; the exit code."""
    try:
        print(make())
    except SdkError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
