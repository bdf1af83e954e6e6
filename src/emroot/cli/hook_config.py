"""The emcc configuration below `emroot run`: EM_CONFIG points to it, and it loads `probe/hook.py` into
every emcc."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import Any

from ..cache_directory.emcc_config import render, tools, write_configuration
from ..errors import UsageError
from ..host.files import remove_tree
from ..host.isolated_python import isolated
from ..probe import HOOK
from ..sdk.em_config import given_config
from .context import PROJECT, CommandContext

#: Values of EMROOT_LAZY and --lazy; the first is the default.
LAZY = ('exact', 'predict', 'off')


def hooked_config(context: CommandContext, *, loud: bool = False) -> Path:
    """A configuration with which emcc lets emroot build missing libraries (see `probe/hook.py`)."""
    args = context.args
    here = ['--sdk', str(context.sdk.root), '--home', str(context.home.root)]
    how = ['--cache', str(context.cache), *(['--builder', args.builder] if args.builder else []),
           *(['--jobs', str(args.jobs)] if args.jobs else []),
           *(['--base', str(context.base or '')] if context.base or not context.sdk_cache else []),
           *(['--launcher', args.launcher] if args.launcher is not None else []),
           *(['--remote-key', context.remote_key(by_user=True)] if args.remote_key is not None else []),
           *(['--ports-from', str(context.ports_from)] if context.ports_from else [])]
    command: dict[str, Any] = {'root': str(context.sdk.root), 'cache': str(context.cache),
                               'argv': [*isolated(), *here, '--quiet', 'build', *how]}
    if (lazy := lazy_mode(args)) != 'off':
        command['lazy'] = [*isolated('emroot.cli.lazy_link'), *here, *how, *([] if loud else ['--quiet']),
                           *(['--tell'] if args.verbose else []), *(['--predict'] if lazy == 'predict' else []),
                           *(['--complete'] if _completes(context) else [])]
    passed_on = ('EM_CONFIG', 'EMCC_LOCAL_PORTS', 'EM_PORTS', 'EM_LLVM_ROOT', 'EM_BINARYEN_ROOT', 'EM_NODE_JS')
    command['env'] = {name: value for name, value in {**os.environ, 'EM_CONFIG': given_config()}.items()
                      if name in passed_on and (value or name != 'EM_CONFIG')}
    command['env'][PROJECT] = str(context.project.file) if context.project else ''
    values = {**tools(context.sdk), 'CACHE': str(context.cache), 'FROZEN_CACHE': False}
    text = render(context.sdk, context.cache, values, {'EM_CACHE': str(context.cache), 'EM_FROZEN_CACHE': '0'}, hook=str(HOOK),
                  command=command)
    try:
        return write_configuration(context.home.root / 'run', text)
    except OSError:  # a home that cannot be written to: what is built can be used all the same
        return write_configuration(_temporary_directory(), text)


def _temporary_directory() -> Path:
    """A directory that is removed when this process ends."""
    import atexit
    import tempfile
    directory = Path(tempfile.mkdtemp(prefix='emroot-run-'))
    atexit.register(remove_tree, directory)
    return directory


def _completes(context: CommandContext) -> bool:
    """Whether lazy links are followed by a background build: from the command line, otherwise
    EMROOT_COMPLETE, otherwise the project."""
    said = os.environ.get('EMROOT_COMPLETE', '')
    if said not in ('', '0', '1'):
        raise UsageError(f'EMROOT_COMPLETE is {said!r}', hint='set it to 1 or 0, or unset it')
    return bool(context.args.complete or (said == '1' if said else context.project and context.project.complete))


def lazy_mode(args: argparse.Namespace) -> str:
    """The `--lazy` setting: from the command line, otherwise EMROOT_LAZY, otherwise `exact`."""
    how = args.lazy or os.environ.get('EMROOT_LAZY') or LAZY[0]
    if how not in LAZY:
        raise UsageError(f'EMROOT_LAZY is {how!r}', hint=f'set it to {", ".join(LAZY[:-1])} or {LAZY[-1]}')
    return str(how)
