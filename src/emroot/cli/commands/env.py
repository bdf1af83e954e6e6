"""`emroot env`, `emroot run` and `emroot link`: use the cache directory with emcc."""

from __future__ import annotations

import argparse
import os
import shlex
import subprocess
import sys
from pathlib import Path

from ...cache_directory.emcc_environment import cache_variables, cmake_variables, emcc_environment
from ...errors import RemoteError, UsageError
from ...host import permissions
from ...host.files import user_path
from ...host.programs import find_program
from ...host.quoting import quoted
from ...lazy_link.link_history import completing_command, never_whole
from ...libraries.link_line import CONFIG, compiler, read_link
from ..context import CommandContext, is_below_run, print_json
from ..hook_bypass import watched
from ..hook_config import hooked_config
from ..ui.notices import heard
from .build import exit_code, run_build


def env(args: argparse.Namespace) -> int:
    """Print the environment variables."""
    session = CommandContext(args)
    result = run_build(session, needed=True)
    code = exit_code(result)
    warn_of_parts(session)
    variables = {**emcc_environment(session.catalogue, session.cache, session.home),
                 **cmake_variables(result.modes, session.cache)}
    if args.json:
        print_json(variables)
    else:
        shell = args.shell or ('powershell' if os.name == 'nt' else 'bash')
        sys.stdout.write(''.join(_line(shell, name, value) for name, value in variables.items()))
    return code


def warn_of_parts(session: CommandContext) -> None:
    """Print the libraries that lazy links did not build and that a frozen emcc will miss."""
    missing = never_whole(session.cache)
    if missing and not session.args.quiet:
        shown = ' and '.join(f'{len(targets)} of {mode}' for mode, targets in missing.items())
        print(f'emroot: {session.cache} lacks libraries that lazy links built only in part ({shown}); '
              f'a frozen emcc fails without them\n  hint: {completing_command(session.cache, missing)}', file=sys.stderr)


def run(args: argparse.Namespace, *, loud: bool = False) -> int:
    """Run a command with the cache directory: the selection is built before it starts, other libraries
    when links need them."""
    command = _configured(_given(args))
    session = CommandContext(args)
    result = run_build(session, needed=False)
    code = exit_code(result)
    if code not in (0, RemoteError.exit_code):
        return code
    environment = {**os.environ, **cache_variables(session.catalogue.sdk, session.cache, session.home),
                   **cmake_variables(result.modes, session.cache), **_remote(session),
                   'EM_FROZEN_CACHE': '0', 'EM_CONFIG': str(hooked_config(session, loud=loud))}
    program = find_program(command[0], environment['PATH'])
    if program is None:
        raise UsageError(f'there is no command {command[0]!r}', hint='check its spelling and PATH')
    if not args.quiet and not is_below_run():
        _say_overridden(session.cache)
    with heard(quiet=args.quiet) as variables, watched(session.sdk, session.cache, variables):
        code = subprocess.run([program, *command[1:]], env={**environment, **variables}, check=False,
                              umask=permissions.given_umask).returncode
    if os.environ.get('EM_FROZEN_CACHE', '') not in ('', '0'):  # which does not hold below run, but will after it
        warn_of_parts(session)
    return 128 - code if code < 0 else code  # ended by a signal: as a shell has it


def _say_overridden(cache: Path) -> None:
    """Print which of the user's environment variables `emroot run` ignores."""
    given = os.environ.get('EM_CACHE')
    if given and Path(given) != cache:
        print(f'emroot: note: EM_CACHE={given} is ignored for this command, which uses {cache} '
              f'(use --cache {quoted(given)} to change that)', file=sys.stderr)
    if os.environ.get('EM_FROZEN_CACHE', '0') not in ('', '0'):
        print('emroot: note: EM_FROZEN_CACHE is ignored for this command: missing libraries are built', file=sys.stderr)


def link(args: argparse.Namespace) -> int:
    """Run one link, and print statistics."""
    line = read_link(_given(args))
    if not line.command:
        raise UsageError('flags without a command link nothing',
                         hint='start with emcc or em++: emroot link -- em++ main.o -o app.js')
    args.command = list(line.command)
    os.environ.update(line.variables)
    return run(args, loud=not args.quiet)


def _given(args: argparse.Namespace) -> list[str]:
    command: list[str] = args.command[1:] if args.command[:1] == ['--'] else args.command
    if not command:
        raise UsageError('no command to run', hint='put it after `--`: emroot run -- make')
    return command


def _configured(command: list[str]) -> list[str]:
    """Remove `--em-config FILE` from an emcc command, and set EM_CONFIG instead: emcc has to read emroot's
    configuration."""
    if CONFIG not in command[:-1] or not any(map(compiler, command)):
        return command
    at = command.index(CONFIG)
    os.environ['EM_CONFIG'] = str(user_path(command[at + 1]))
    return command[:at] + command[at + 2:]


def _remote(session: CommandContext) -> dict[str, str]:
    """Environment variables with the remote of the command line, for the builds of links. Arguments would
    be visible to all users."""
    remote = session.remote if session.args.remote else None
    return {'EMROOT_REMOTE': f'{"rw+" if remote.writes else ""}{remote.url}'} if remote else {}


def _line(shell: str, name: str, value: str) -> str:
    if shell == 'fish':
        quoted = value.replace('\\', '\\\\').replace("'", "\\'")
        return f"set -gx {name} '{quoted}'\n"
    if shell == 'powershell':
        quoted = value.replace("'", "''")
        return f"$env:{name} = '{quoted}'\n"
    if shell == 'cmd':
        return f'set "{name}={value}"\n'
    return f'export {name}={shlex.quote(value)}\n'

