"""Running a command in whose environment each emcc has emroot build what its links miss."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path

from ...cache_directory.emcc_environment import cache_variables, cmake_variables
from ...errors import RemoteError, UsageError
from ...host import permissions
from ...host.home import user_path
from ...host.programs import find_program
from ...host.quoting import quoted
from ...lazy_link.link_history import completing_command, never_whole
from ...libraries.link_line import CONFIG, compiler
from ..builds import exit_code, run_build
from ..context import CommandContext
from ..environment import is_below_run
from ..ui.messages import warn_once
from ..ui.notices import heard
from .hook_bypass import watched
from .hook_config import UNFROZEN, hooked_config
from .read_ahead import reading_ahead


def given_command(args: argparse.Namespace) -> list[str]:
    """The command after `--`. Raises `UsageError` without one."""
    command: list[str] = args.command[1:] if args.command[:1] == ['--'] else args.command
    if not command:
        raise UsageError('no command to run', hint='put it after `--`: emroot run -- make')
    return command


def warn_of_parts(context: CommandContext) -> None:
    """Print the libraries that lazy links did not build and that a frozen emcc will miss."""
    missing = never_whole(context.cache)
    if missing and not context.args.quiet:
        shown = ' and '.join(f'{len(targets)} of {mode}' for mode, targets in missing.items())
        print(f'emroot: {context.cache} lacks libraries that lazy links built only in part ({shown}); '
              f'a frozen emcc fails without them\n  hint: {completing_command(context.cache, missing)}', file=sys.stderr)


def run_hooked(args: argparse.Namespace, command: list[str], *, loud: bool = False) -> int:
    """Run a command in whose environment emcc is hooked; its exit code. `loud`: each lazy link prints what it took."""
    command = _configured(command)
    context = CommandContext(args)
    with reading_ahead(context, command) as note_link:
        code = _run_hooked(context, command, loud=loud)
        if code == 0:
            note_link()
        return code


def _run_hooked(context: CommandContext, command: list[str], *, loud: bool) -> int:
    args, result = context.args, run_build(context, needed=False)
    code = exit_code(result)
    if code not in (0, RemoteError.exit_code):
        return code
    environment = {**os.environ, **cache_variables(context.catalogue.sdk, context.cache, context.home),
                   **cmake_variables(result.modes, context.cache), **UNFROZEN}
    program = find_program(command[0], environment['PATH'])
    if program is None:
        raise UsageError(f'there is no command {command[0]!r}', hint='check its name and PATH')
    if not args.quiet and not is_below_run():
        _print_ignored_variables(context.cache)
    with hooked_config(context, loud=loud) as (config, notices), heard(notices), watched(context.sdk, context.cache, notices):
        code = subprocess.run([program, *command[1:]], env={**environment, 'EM_CONFIG': str(config)}, check=False,
                              umask=permissions.given_umask).returncode
    if os.environ.get('EM_FROZEN_CACHE', '') not in ('', '0'):  # which does not hold below run, but will after it
        warn_of_parts(context)
    elif code and not args.quiet and not is_below_run() and (missing := never_whole(context.cache)):
        left_out, completing = sum(map(len, missing.values())), completing_command(context.cache, missing)
        warn_once(context.home, f'parts-{context.cache}',  # what failed may have looked for a library there
                  f'lazy links left {left_out} libraries out of {context.cache}, which emcc alone would have put there\n'
                  f'  hint: if a program reads them: emroot run --lazy=off ..., or {completing}')
    return 128 - code if code < 0 else code  # ended by a signal: as a shell has it


def _print_ignored_variables(cache: Path) -> None:
    given = os.environ.get('EM_CACHE')
    if given and Path(given) != cache:
        print(f'emroot: note: EM_CACHE={given} is ignored for this command, which uses {cache} '
              f'(use --cache {quoted(given)} to change that)', file=sys.stderr)
    if os.environ.get('EM_FROZEN_CACHE', '0') not in ('', '0'):
        print('emroot: note: EM_FROZEN_CACHE is ignored for this command: missing libraries are built', file=sys.stderr)


def _configured(command: list[str]) -> list[str]:
    """Replace `--em-config FILE` of an emcc command by EM_CONFIG: emcc has to read emroot's configuration."""
    if CONFIG not in command[:-1] or not any(map(compiler, command)):
        return command
    at = command.index(CONFIG)
    os.environ['EM_CONFIG'] = str(user_path(command[at + 1]))
    return command[:at] + command[at + 2:]
