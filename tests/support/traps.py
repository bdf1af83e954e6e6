"""A project's directory whose files are called like modules that Python programs import."""

from __future__ import annotations

from pathlib import Path

NAMES = ('argparse', 'json', 'types', 'subprocess', 'pathlib', 'random', 'select', 'copy', 'tempfile', 'runpy',
         'importlib', 'tools')


def set_traps(directory: Path) -> Path:
    """Make such a directory; a file that appears as soon as one of them is run, and then names it."""
    sprung = directory.with_name(f'{directory.name}.sprung')
    directory.mkdir()
    trap = f'with open({str(sprung)!r}, "a") as f:\n    print(__file__, file=f)\nraise SystemExit("a trap was run")\n'
    for name in NAMES:
        (directory / f'{name}.py').write_text(trap)
    (directory / 'emroot').mkdir()
    for name in ('__init__', '__main__'):
        (directory / 'emroot' / f'{name}.py').write_text(trap)
    return sprung
