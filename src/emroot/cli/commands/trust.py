"""`emroot trust`, and the untrusted parts of a project file."""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path

from ...errors import UsageError
from ...host.home import Home
from ...host.quoting import quoted
from ...project import trust as trusting
from ...project.project_file import NAME, Project, find_project, load_project
from ..context import CommandContext, print_json
from ..ui.color import paint


def trust(args: argparse.Namespace) -> int:
    """Trust a project file, or withdraw the trust."""
    home, path = CommandContext(args).home, find_project(Path(args.directory) if args.directory else None)
    if path is None:
        raise UsageError(f'there is no {NAME} in {args.directory or "this directory"} or above it',
                         hint='give the directory of one')
    if args.directory and path.parent != Path(args.directory).absolute():
        raise UsageError(f'there is no {NAME} in {args.directory}', hint=f'the nearest is {path}')
    names = trusting.untrusted_keys(load_project(path))
    if args.revoke:
        was = trusting.revoke(home, path.parent)
    else:
        was = trusting.is_trusted(home, path.parent)
        trusting.trust(home, path.parent)
    if args.json:
        print_json({'project': str(path), 'trusted': trusting.is_trusted(home, path.parent), 'was_trusted': was, 'names': names})
        return 0
    print(f'{path.parent}: {"no longer trusted" if args.revoke else "trusted"}')
    for key, value in names.items():
        print(f'  {key}: {value}')
    return 0


def admit(home: Home, project: Project, *, warn: bool) -> Project:
    """The project without its untrusted parts. `warn`: list these in one warning."""
    if project.remote:
        from ...remote.remote_spec import WRITES  # lazy import: most projects have no remote
        if project.remote.startswith(WRITES):
            project = replace(project, remote=project.remote.removeprefix(WRITES))
            if warn:
                _warn(f"{project.file} requests uploads to {project.remote}: a project's file cannot request uploads",
                      f'to upload, give --remote-write, or set EMROOT_REMOTE={WRITES}{project.remote}')
    names = trusting.untrusted_keys(project)
    if not names or trusting.is_trusted(home, project.file.parent):
        return project
    if warn:
        directory = quoted(project.file.parent)
        listed = ', '.join(f'{key} ({value})' for key, value in names.items())
        _warn(f'{project.file} names {listed}: not used, because this project is not trusted',
              f'check that file, then run `emroot trust {directory}`; in CI set {trusting.TRUST}={directory}')
    return trusting.without_untrusted(project)


def _warn(text: str, hint: str) -> None:
    print(f'{paint("emroot: warning:", "odd", sys.stderr)} {text}\n  hint: {hint}', file=sys.stderr)
