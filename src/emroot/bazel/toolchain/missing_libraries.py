"""Links that lack libraries make what they pull of the SDK's sources (`source_package.py`), and say what would share it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Collection, Sequence
from pathlib import Path

from ...engine.command_lines.placeholders import CACHE_PREFIX
from ...errors import EmrootError
from ...hashing import digest_record
from ...host.files import remove_tree
from ...host.permissions import require_owned
from ...modes import mode_names, parse_mode
from ..source_archives import digest, unpack
from .action import Action
from .cache_contents import link_headers, put
from .link_hints import FROZEN, share

#: Has every emcc that reads this configuration ask before it builds anything.
HOOK_CONFIG = """
def _emroot():
    import importlib.util
    spec = importlib.util.spec_from_file_location('emroot_hook', {hook!r})
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.install({command!r}, globals())

_emroot()
"""


def can_make(action: Action) -> bool:
    """Whether a link has what it needs to make objects by itself."""
    return (action.root / action.sources).is_file()


def lacks_libraries(done: subprocess.CompletedProcess[bytes]) -> bool:
    """Whether emcc failed because libraries are missing."""
    return done.returncode != 0 and FROZEN in done.stderr.decode(errors='replace')


def make_and_run(action: Action, program: str, words: Sequence[str], cache: Path) -> subprocess.CompletedProcess[bytes]:
    """Run emcc, and make the objects that it loads of the libraries that the cache lacks."""
    unpacked, notes = _unpacked(action), action.scratch / 'made.json'
    package = unpacked / 'package' / 'emroot'
    settings = action.scratch / 'settings.json'
    settings.write_text(json.dumps({'about': str(action.root / action.about), 'unpacked': str(unpacked), 'notes': str(notes),
                                    'home': str(unpacked / 'home')}), encoding='utf-8')
    argv = [sys.executable, '-I', '-S', '-B', str(package / 'bazel' / 'toolchain' / 'lazy_link_action.py'), str(settings),
            '--cache', str(cache)]
    # A library that embuilder does not list is emcc's to build (`libemmalloc-debug-debug`).
    link_headers(cache, unpacked / 'headers')
    own = unpacked / 'clang'
    flags = [f'-ffile-prefix-map={cache}={CACHE_PREFIX}', f'-resource-dir={own}',
             f'-ffile-prefix-map={own}={action.sdk.said_resource_dir}']
    command = {'root': str(action.sdk.root), 'cache': str(cache), 'argv': argv, 'lazy': argv, 'env': {}, 'modes': mode_names(),
               'flags': flags}
    config = HOOK_CONFIG.format(hook=str(package / 'probe' / 'emcc_hook' / 'hook.py'), command=command)
    done = action.run(program, words, {**action.environment(cache, config=config), 'EM_IGNORE_SANITY': '1'})
    lines = [line for line in done.stderr.splitlines(keepends=True) if b'EM_IGNORE_SANITY' not in line]
    return subprocess.CompletedProcess(done.args, done.returncode, done.stdout, b''.join(lines))


def _unpacked(action: Action) -> Path:
    """What the archive of sources holds, and next to the SDK's sources its programs, so that they are one SDK. Calls in one
    action of somebody else's (a configure script) share it, in the system's temporary directory: in a sandbox, the action's."""
    archive = str(action.root / action.sources)
    name = f'emroot-{digest_record([digest(archive), str(action.root)])[:24]}'
    top = (None if action.packs else _private(Path(tempfile.gettempdir(), name))) or action.in_memory()
    found = top / 'unpacked'
    if not found.is_dir():
        aside = Path(tempfile.mkdtemp(dir=top))
        unpack(archive, aside)
        _link_programs(action.sdk.root, aside / 'sdk' / 'emscripten')
        try:
            aside.rename(found)
        except OSError:  # another one was first
            remove_tree(aside)
    return found


def _private(directory: Path) -> Path | None:
    """A directory that is this user's alone; none if others could have put something there."""
    try:
        directory.mkdir(mode=0o700, exist_ok=True)
        require_owned(directory, ())
    except (OSError, EmrootError):
        return None
    return None if directory.is_symlink() else directory


def _link_programs(source: Path, target: Path) -> None:
    """The SDK's programs next to its sources, so that they are one SDK."""
    for entry in source.iterdir():
        here = target / entry.name
        if not here.exists():
            put(str(entry), str(here))
        elif here.is_dir() and entry.name == 'third_party':
            _link_programs(entry, here)


def tell(action: Action, given: Collection[str]) -> bytes:
    """One line about the libraries that this link made by itself, with a hint to share them. `given`: paths of its libraries."""
    file = action.scratch / 'made.json'
    notes = [json.loads(line) for line in file.read_text(encoding='utf-8').splitlines()] if file.exists() else []
    missing = list(dict.fromkeys(name for note in notes for name in note.get('missing', ())))
    if not missing:
        return b''
    compiled = sum(note.get('compiled', 0) for note in notes)
    mode = parse_mode(missing[0].partition('/')[0])
    directories = {os.path.dirname(path) for path in given if path.endswith(('.a', '.o'))}
    other = min(directories) if directories and mode.directory not in directories else ''
    how = share(mode.directory, [name.partition('/')[2] for name in missing], other)
    return f'emroot: this link compiled {compiled} objects of libraries of mode {mode} by itself; {how}\n'.encode()
