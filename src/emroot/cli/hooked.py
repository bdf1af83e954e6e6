"""The configuration of emcc below `emroot run`: what is in EM_CONFIG there, and brings `probe/hook.py` into every emcc."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import Any

from ..canonical import digest_bytes
from ..errors import UsageError
from ..files import as_python, read_file, remove_tree, write_text
from ..isolated import isolated
from ..probe import HOOK
from ..sdk.inspect import config_files
from .session import PROJECT, Session

#: What EMROOT_LAZY and --lazy may say; the first is the default.
LAZY = ('exact', 'predict', 'off')
#: What `emroot run` names in EM_CONFIG. If emroot is gone, emcc works as it would without.
HOOKED = """
def _emroot(within, root={root}, own={own}, hook={hook}):
    import importlib.util, os, sys

    def read(place):
        # As if emcc read it by itself: configurations of emsdk look for themselves in EM_CONFIG.
        hooked = os.environ.get('EM_CONFIG')
        os.environ['EM_CONFIG'], os.environ['CFGDIR'] = place, os.path.dirname(place)
        globals()['__file__'] = place
        with open(place, encoding='utf-8') as f:
            exec(compile(f.read(), place, 'exec'), globals())
        if hooked is not None:
            os.environ['EM_CONFIG'] = hooked

    def program(root):
        return os.path.normcase(os.path.realpath(os.path.join(root, 'emcc.py')))

    module = None
    if os.path.isfile(hook) and not within:  # else another one of these is reading this one
        spec = importlib.util.spec_from_file_location('emroot_hook', hook)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)

    tools = getattr(sys.modules.get('tools'), '__file__', None)
    reader = os.path.dirname(os.path.dirname(os.path.abspath(tools))) if tools else root
    if program(reader) == program(root):
        if own:
            read(own)
        globals().update({values})
        if module:
            # Libraries that a link misses are built together, before emcc would build them one by one.
            module.install({command})
        return
    # An emcc of another SDK. What is set for one is not for another: that has a configuration and a cache of its own.
    for name, said in {settings}.items():
        if os.environ.get(name, '') in said:
            os.environ.pop(name, None)
    above = os.path.dirname(os.path.dirname(reader))
    for place in (os.path.join(reader, '.emscripten'), os.path.join(above, '.emscripten'), {given},
                  os.path.expanduser('~/.emscripten')):
        if os.path.isfile(place):
            read(place)
            break
    if module:
        module.stand_back(reader, root)

_emroot(globals().setdefault('_emroot_reads', _emroot) is not _emroot)
"""


def hooked_config(session: Session, *, loud: bool = False) -> Path:
    """An emscripten configuration with which emcc has emroot build what a link misses (see `probe/hook.py`)."""
    args = session.args
    here = ['--sdk', str(session.sdk.root), '--home', str(session.home.root)]
    how = ['--cache', str(session.cache), *(['--builder', args.builder] if args.builder else []),
           *(['--jobs', str(args.jobs)] if args.jobs else []),
           *(['--base', str(session.base or '')] if session.base or not session.sdk_cache else []),
           *(['--launcher', args.launcher] if args.launcher is not None else []),
           *(['--remote-key', session.remote_key(by_user=True)] if args.remote_key is not None else []),
           *(['--ports-from', str(session.ports_from)] if session.ports_from else [])]
    command: dict[str, Any] = {'root': str(session.sdk.root), 'cache': str(session.cache),
                               'argv': [*isolated(), *here, '--quiet', 'build', *how]}
    if (lazy := lazily(args)) != 'off':
        command['lazy'] = [*isolated('emroot.cli.lazily'), *here, *how, *([] if loud else ['--quiet']),
                           *(['--tell'] if args.verbose else []), *(['--predict'] if lazy == 'predict' else []),
                           *(['--complete'] if _completes(session) else [])]
    command['env'] = {name: value for name, value in os.environ.items() if name.startswith(('EM_', 'EMCC_'))
                      and name in ('EM_CONFIG', 'EMCC_LOCAL_PORTS', 'EM_PORTS', 'EM_LLVM_ROOT', 'EM_BINARYEN_ROOT', 'EM_NODE_JS')}
    command['env'][PROJECT] = str(session.project.place) if session.project else ''
    own = next((path for path in config_files(session.sdk.root) if os.path.isfile(path)), None)
    cache = str(session.cache)
    settings = {name: [value, os.environ.get(name)] for name, value in (('EM_CACHE', cache), ('EM_FROZEN_CACHE', '0'))}
    values: dict[str, object] = {}
    exec(session.sdk.config_text, values)  # noqa: S102  # made by `sdk/examine.py`: names, and what they are
    values = {name: value for name, value in values.items() if name.isupper()}
    parts = {'hook': str(HOOK), 'root': str(session.sdk.root), 'own': own, 'given': os.environ.get('EM_CONFIG', ''),
             'values': {**values, 'CACHE': cache, 'FROZEN_CACHE': False}, 'settings': settings, 'command': command}
    text = HOOKED.format(**{name: as_python(part) for name, part in parts.items()})
    place = session.home.root / 'run' / f'{digest_bytes(text.encode())[:16]}.config'
    if read_file(place) != text.encode(errors='surrogateescape'):  # it is Python, which every emcc runs
        try:
            write_text(place, text)
        except OSError:  # a home that cannot be written to: what is built can be used all the same
            place = _temporary_directory() / place.name
            write_text(place, text)
    return place


def _temporary_directory() -> Path:
    """One that is there until this process ends."""
    import atexit
    import tempfile
    directory = Path(tempfile.mkdtemp(prefix='emroot-run-'))
    atexit.register(remove_tree, directory)
    return directory


def _completes(session: Session) -> bool:
    """Whether libraries are completed after a lazy link: as the command line says, else EMROOT_COMPLETE, else the project."""
    said = os.environ.get('EMROOT_COMPLETE', '')
    if said not in ('', '0', '1'):
        raise UsageError(f'EMROOT_COMPLETE is {said!r}', hint='set it to 1 or 0, or unset it')
    return bool(session.args.complete or (said == '1' if said else session.project and session.project.complete))


def lazily(args: argparse.Namespace) -> str:
    """Whether links are lazy: on the command line, else in EMROOT_LAZY, else wherever that is exact."""
    how = args.lazy or os.environ.get('EMROOT_LAZY') or LAZY[0]
    if how not in LAZY:
        raise UsageError(f'EMROOT_LAZY is {how!r}', hint=f'set it to {", ".join(LAZY[:-1])} or {LAZY[-1]}')
    return str(how)
