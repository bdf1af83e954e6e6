"""The same thing in another location."""

from __future__ import annotations

import os
import shutil
from pathlib import Path


def copy_sdk(root: Path, to: Path) -> Path:
    """The root of an SDK of the same content below `to`: hard links where they can be made, since it is never written to."""
    top = next((p for p in root.parents if (p / 'emroot-sdk.json').is_file()), root)
    shutil.copytree(top, to, symlinks=True, copy_function=_link)
    return to / root.relative_to(top)


def rewrite(file: Path, text: str) -> None:
    """Give a file of a copy another content. What it is linked with keeps its own."""
    aside = file.with_name(f'{file.name}.new')
    aside.write_text(text, encoding='utf-8')
    aside.replace(file)


def _link(source: str, target: str) -> None:
    try:
        os.link(source, target, follow_symlinks=False)
    except OSError:  # on another disk
        shutil.copy2(source, target, follow_symlinks=False)
