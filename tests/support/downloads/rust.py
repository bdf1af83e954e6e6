"""Rust for wasm32-unknown-emscripten, from Debian's next release.

Rustup has the target's standard library ready; Debian has its sources, and those of all that it needs. Cargo compiles it from
them (`build-std`), which is what Rust's own page on the target advises for an Emscripten that is not the one Rust was built with.
"""

from __future__ import annotations

import os
import shlex
import shutil
from pathlib import Path

from dev.paths import dev_cache

from .debian_packages import ProgramUnavailable, unpacked

PACKAGES = ('cargo', 'rustc', 'rust-src', 'librust-cc-dev')


def ensure_rust() -> Path:
    """The directory with `cargo` and `rustc`, got the first time (200 MB). Raises `ProgramUnavailable`."""
    if not shutil.which('cc'):
        raise ProgramUnavailable('there is no cc, which links build scripts: install gcc')
    tree = unpacked(*PACKAGES, suite='forky')
    usr, directory = tree.root / 'usr', dev_cache() / 'programs' / f'{tree.root.name}-commands'
    if not (directory / 'cargo').exists():
        source = next(usr.glob('src/rustc-*'))
        link = usr / 'lib/rustlib/src/rust'
        if not link.exists():  # it names its location on a system where it is installed
            link.unlink(missing_ok=True)
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(os.path.relpath(source, link.parent))
        for target in usr.glob('lib/rustlib/*-linux-gnu*'):  # where rustup's Rust has a linker; rustc tells emcc of the location
            (target / 'bin/gcc-ld').mkdir(parents=True, exist_ok=True)
        directory.mkdir(parents=True, exist_ok=True)
        for name, own in (('rustc', f' --sysroot {shlex.quote(str(usr))}'), ('cargo', '')):
            script = directory / f'.{name}'
            script.write_text(f'#!/bin/sh\nexec {shlex.join(tree.command(name))}{own} "$@"\n', encoding='utf-8')
            script.chmod(0o755)
            script.replace(directory / name)
    return directory


def offline_home(home: Path) -> dict[str, str]:
    """A home for cargo, made at `location`, that takes crates from Debian's packages; the variables that name it.

    The last one lets a stable Rust do what it is told under `[unstable]`.
    """
    usr = unpacked(*PACKAGES, suite='forky').root / 'usr'
    crates = home / 'crates'
    crates.mkdir(parents=True)
    for directory in (next(usr.glob('src/rustc-*')) / 'library/vendor', usr / 'share/cargo/registry'):
        for crate in directory.iterdir():
            if not (crates / crate.name).exists():
                (crates / crate.name).symlink_to(crate)
    (home / 'config.toml').write_text('[source.crates-io]\nreplace-with = "debian"\n'
                                      f'[source.debian]\ndirectory = "{crates}"\n[net]\noffline = true\n', encoding='utf-8')
    return {'CARGO_HOME': str(home), 'RUSTC_BOOTSTRAP': '1'}
