"""`emroot env` and `emroot run`: emcc, using the cache directory."""

from __future__ import annotations

import argparse
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Mapping

from ..errors import BuildError, UsageError
from .build import run_build
from .session import Session, print_json


def env(args: argparse.Namespace) -> int:
    """Print what to set."""
    session = Session(args)
    code = _prepare(session)
    variables = settings(session)
    if args.json:
        print_json(variables)
    else:
        shell = args.shell or ('powershell' if os.name == 'nt' else 'bash')
        sys.stdout.write(''.join(_line(shell, name, value) for name, value in variables.items()))
    return code


def run(args: argparse.Namespace) -> int:
    """Run a command so."""
    command = args.command[1:] if args.command[:1] == ['--'] else args.command
    if not command:
        raise UsageError('no command to run', mend='put it after `--`: emroot run --for "em++ -flto=thin" -- make')
    session = Session(args)
    code = _prepare(session)
    if code:
        return code
    environment = {**os.environ, **settings(session)}
    program = shutil.which(command[0], path=environment['PATH'])
    if program is None:
        raise UsageError(f'there is no command {command[0]!r}', mend='check its spelling and PATH')
    return subprocess.run([program, *command[1:]], env=environment, check=False).returncode


def settings(session: Session) -> dict[str, str]:
    """The variables that make emcc use the cache directory, frozen: what is missing is an error, not a slow link."""
    sdk = session.sdk
    variables = {'EM_CACHE': str(session.cache), 'EM_FROZEN_CACHE': '1'}
    if not sdk.configured:
        session.catalogue.environment()
        variables['EM_CONFIG'] = str(session.catalogue.config)
    path = os.environ.get('PATH', '')
    if str(sdk.root) not in path.split(os.pathsep):
        path = os.pathsep.join([str(sdk.root), path]) if path else str(sdk.root)
    return {**variables, 'PATH': path}


def _prepare(session: Session) -> int:
    args = session.args
    if not (args.features or args.targets or args.links):
        raise UsageError('nothing is selected', mend='give --features, --targets or --for')
    return BuildError.exit_code if run_build(session).failures else 0


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


def child_environment(variables: Mapping[str, str]) -> dict[str, str]:
    """This process's environment with `variables` set."""
    return {**os.environ, **variables}
