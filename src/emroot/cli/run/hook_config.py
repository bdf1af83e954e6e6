"""The emcc configuration below `emroot run`, which loads `probe/emcc_hook/hook.py` into every emcc."""

from __future__ import annotations

import argparse
import contextlib
import itertools
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ...cache_directory.emcc_environment import render_config, tools, write_configuration
from ...errors import UsageError
from ...hashing import digest_bytes
from ...host.files import remove, remove_tree
from ...host.isolated_python import isolated
from ...host.locks import Lock, try_lock
from ...lazy_link.link_history import link_identity
from ...modes import mode_names
from ...probe import HOOK
from ...sdk.em_config import given_config
from ..context import PROJECT, CommandContext
from ..environment import CONFIG, MESSAGES, QUIET, notices_file

#: Values of EMROOT_LAZY and --lazy; the first is the default.
LAZY = ('auto', 'exact', 'predict', 'off')
#: emcc may add to the cache directory. It does not compare compilers: one with a configuration of its own, and so with another
#: compiler, would clear what others use.
UNFROZEN = {'EM_FROZEN_CACHE': '0', 'EMCC_SKIP_SANITY_CHECK': '1'}


@contextlib.contextmanager
def hooked_config(context: CommandContext, *, loud: bool = False) -> Iterator[tuple[Path, str]]:
    """A configuration with which emcc lets emroot build missing libraries, and the file for messages (empty if
    quiet)."""
    text = _text(context, loud=loud)
    quiet = context.args.quiet or notices_file() == ''
    with contextlib.ExitStack() as until_end:
        directory = context.home.root / 'run'
        try:
            found = _written(directory, text, until_end, quiet=quiet)
        except OSError:  # a home that cannot be written to: what is built can be used all the same
            import tempfile  # lazy import: for such homes only
            directory = Path(tempfile.mkdtemp(prefix='emroot-run-'))
            until_end.callback(remove_tree, directory)
            found = _written(directory, text, until_end, quiet=quiet)
        yield found


def _written(directory: Path, text: str, until_end: contextlib.ExitStack, *, quiet: bool) -> tuple[Path, str]:
    """Runs at the same time have a configuration each, with a file for messages. It stays after the run."""
    if quiet:
        return write_configuration(directory, text, QUIET), ''
    name = digest_bytes(text.encode())[:16]
    for number in itertools.count():
        lock = until_end.enter_context(try_lock(directory / f'{name}-{number}.lock'))
        if lock is not Lock.BUSY:
            break
    config = write_configuration(directory, text, f'-{number if lock else os.getpid()}{CONFIG}')
    if not lock:
        until_end.callback(remove, config)
    notices = config.with_suffix(MESSAGES)
    notices.write_bytes(b'')
    until_end.callback(remove, notices)
    return config, str(notices)


def program_arguments(context: CommandContext) -> tuple[list[str], list[str]]:
    """What the programs of this room are told: where SDK and home are, and how to build (see `lazy_link.make_hook_parser`)."""
    args = context.args
    here = ['--sdk', str(context.sdk.root), '--home', str(context.home.root)]
    options = {
        '--cache': context.cache, '--builder': args.builder or None, '--jobs': args.jobs or None,
        '--base': context.base or '' if context.base or not context.sdk_cache else None, '--launcher': args.launcher,
        '--remote-key': context.remote_key(by_user=True) if args.remote_key is not None else None,
        '--ports-from': context.ports_from}
    return here, [word for option, value in options.items() if value is not None for word in (option, str(value))]


def _text(context: CommandContext, *, loud: bool) -> str:
    args = context.args
    here, how = program_arguments(context)
    command: dict[str, Any] = {'root': str(context.sdk.root), 'cache': str(context.cache), 'modes': mode_names(),
                               'lacking': bool(context.sdk.lacking),
                               'argv': [*isolated(), *here, '--quiet', 'build', *how]}
    if (lazy := lazy_mode(args)) != 'off':
        flags = {'--quiet': not loud, '--tell': args.verbose, f'--{lazy}': lazy != 'auto', '--complete': _completes(context)}
        command['lazy'] = [*isolated('emroot.cli.run.lazy_link'), *here, *how,
                           *(flag for flag, given in flags.items() if given)]
        if not loud and not args.verbose:  # else each link has a summary
            command['links'] = link_identity(context.sdk, own_location=context.own_location)
    passed_on = ('EM_CONFIG', 'EMCC_LOCAL_PORTS', 'EM_PORTS', 'EM_LLVM_ROOT', 'EM_BINARYEN_ROOT', 'EM_NODE_JS')
    command['env'] = {name: value for name, value in {**os.environ, 'EM_CONFIG': given_config()}.items()
                      if name in passed_on and (value or name != 'EM_CONFIG')}
    command['env'][PROJECT] = str(context.project.file) if context.project else ''
    if args.remote and (remote := context.remote):  # what arguments say is visible to all users
        command['env']['EMROOT_REMOTE'] = f'{"rw+" if remote.writes else ""}{remote.url}'
    values = {**tools(context.sdk), 'CACHE': str(context.cache), 'FROZEN_CACHE': False}
    settings = {'EM_CACHE': str(context.cache), **UNFROZEN}
    return render_config(context.sdk, context.cache, values, settings, hook=str(HOOK), command=command)


def _completes(context: CommandContext) -> bool:
    """Whether a background build follows lazy links: command line, otherwise EMROOT_COMPLETE, otherwise project."""
    given = os.environ.get('EMROOT_COMPLETE', '')
    if given not in ('', '0', '1'):
        raise UsageError(f'EMROOT_COMPLETE is {given!r}', hint='set it to 1 or 0, or unset it')
    return bool(context.args.complete or (given == '1' if given else context.project and context.project.complete))


def lazy_mode(args: argparse.Namespace) -> str:
    """The `--lazy` setting: from the command line, otherwise EMROOT_LAZY, otherwise `auto`."""
    how = args.lazy or os.environ.get('EMROOT_LAZY') or LAZY[0]
    if how not in LAZY:
        raise UsageError(f'EMROOT_LAZY is {how!r}', hint=f'set it to {", ".join(LAZY[:-1])} or {LAZY[-1]}')
    return str(how)
