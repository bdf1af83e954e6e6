"""What a command takes from a project's file: without the user's trust, nothing that could do harm."""

from __future__ import annotations

from dataclasses import replace

from ..host.home import Home
from ..host.quoting import quoted
from ..project import trust
from ..project.project_file import Project
from .ui.warnings import warn as print_warning


def admit(home: Home, project: Project, *, warn: bool) -> Project:
    """The project without its untrusted parts. `warn`: list these in one warning."""
    if project.remote:
        from ..remote.remote_spec import WRITES  # lazy import: most projects have no remote
        if project.remote.startswith(WRITES):
            project = replace(project, remote=project.remote.removeprefix(WRITES))
            if warn:
                print_warning(f"{project.file} requests uploads to {project.remote}: a project's file cannot request uploads",
                      f'to upload, give --remote-write, or set EMROOT_REMOTE={WRITES}{project.remote}')
    names = trust.untrusted_keys(project)
    if not names or trust.is_trusted(home, project.file.parent):
        return project
    if warn:
        directory = quoted(project.file.parent)
        listed = ', '.join(f'{key} ({value})' for key, value in names.items())
        print_warning(f'{project.file} names {listed}: not used, because this project is not trusted',
              f'check that file, then run `emroot trust {directory}`; in CI set {trust.TRUST}={directory}')
    return trust.without_untrusted(project)
