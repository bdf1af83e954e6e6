"""The context of a command: home, SDK, catalogue and selection."""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import sys
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import UsageError
from ..host.home import Home, find_home, user_path
from ..host.quoting import quoted
from ..project.names import find_project, split_names
from ..sdk import Sdk
from ..sdk.discovery import find_sdk_version, start_find_sdk

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..libraries.catalogue import Catalogue
    from ..modes import Mode
    from ..project.project_file import Project
    from ..project.selection import Selected, Selection
    from ..remote.remote_spec import RemoteSpec
    from ..store import Store


#: Below `emroot run`: the path of its project file, or empty. Files of subdirectories are ignored.
PROJECT = 'EMROOT_PROJECT'


@dataclass(frozen=True)
class CommandContext:
    """One invocation of the command line. Properties are computed at first use."""

    args: argparse.Namespace

    @cached_property
    def home(self) -> Home:
        return find_home(self.args.home)

    @cached_property
    def sdk(self) -> Sdk:
        """The SDK of the command line, otherwise of the project, otherwise the first that is found."""
        return self._finding()

    @cached_property
    def _finding(self) -> Callable[[], Sdk]:
        return self._start_find_sdk(beside=False)

    def _start_find_sdk(self, *, beside: bool) -> Callable[[], Sdk]:
        if self.args.sdk or not self.project or not self.project.sdk:
            return start_find_sdk(self.home, self.args.sdk, beside=beside)
        if self.project.sdk_path:
            return start_find_sdk(self.home, self.project.sdk_path, beside=beside)
        return partial(find_sdk_version, self.home, self.project.sdk, f'{self.project.file} asks for')

    def find_sdk_early(self) -> CommandContext:
        """Start to look for the SDK in another process, for a command that loads its modules meanwhile."""
        self.__dict__['_finding'] = self._start_find_sdk(beside=True)
        return self

    @cached_property
    def project(self) -> Project | None:
        """The nearest `emroot.toml`, here or above. Commands below `emroot run` use its project, in any directory."""
        given = os.environ.get(PROJECT)
        path = find_project() if given is None else Path(given) if given else None
        if not path:
            return None
        from ..project.project_file import load_project  # lazy import: many have no project
        return self._admitted(load_project(path))

    def _admitted(self, project: Project) -> Project:
        """The project without its untrusted parts. A file never asks for uploads, whoever trusts it."""
        from ..project import trust  # lazy import: most commands find no file to read
        from .ui.messages import warn
        if project.remote:
            from ..remote.remote_spec import WRITES  # lazy import: most projects have no remote
            remote = project.remote.removeprefix(WRITES)
            if remote != project.remote and not self.args.quiet:
                warn(f"{project.file} requests uploads to {remote}: a project's file cannot request uploads",
                     f'to upload, give --remote-write, or set EMROOT_REMOTE={WRITES}{remote}')
            project = dataclasses.replace(project, remote=remote)
        names = trust.untrusted_keys(project)
        if not names or trust.is_trusted(self.home, project.file.parent):
            return project
        if not self.args.quiet:
            directory = quoted(project.file.parent)
            listed = ', '.join(f'{key} ({value})' for key, value in names.items())
            warn(f'{project.file} names {listed}: not used, because this project is not trusted',
                 f'check that file, then run `emroot trust {directory}`; in CI set {trust.TRUST}={directory}')
        return trust.without_untrusted(project)

    @cached_property
    def origin(self) -> str:
        """The origin of remote results, if only the project names the remote or base (`trust.origin_of`)."""
        named = {key: getattr(self.project, key) for key in ('remote', 'base')
                 if self.project and self._by_user(key) is None and getattr(self.project, key)}
        if not self.project or not named:
            return ''
        from ..project.trust import origin_of  # lazy import: most builds have none
        here = self.project.file.parent
        key = self.remote_key(by_user=False) if 'remote' in named else ''
        return origin_of(*(text if '://' in text else str(here / text) for text in named.values()), *([key] if key else []))

    @property
    def store(self) -> Store:
        """The store, with what this command may take from it."""
        from ..store import Store  # lazy import: what only looks needs none
        return Store(self.home.store, self.origin)

    def _by_user(self, option: str) -> str | None:
        """The user's value of an option: of the command line, otherwise of its variable; None for neither."""
        given: str | None = getattr(self.args, option, None)
        return given if given is not None else os.environ.get(f'EMROOT_{option.upper()}')

    @cached_property
    def catalogue(self) -> Catalogue:
        """A doubtful SDK gets one warning."""
        from ..libraries.catalogue import Catalogue  # lazy import, as those below: loaded while the SDK is looked at
        sdk = self.sdk
        if (sdk.doubt or sdk.lacking) and not self.args.quiet:
            from .ui.messages import warn_once  # lazy import: few SDKs are doubtful
            if sdk.doubt:
                warn_once(self.home, f'sdk-{sdk.digest}', sdk.doubt)
            if sdk.lacking:
                from ..diagnostics.seams import warning
                warn_once(self.home, f'seams-{sdk.digest}', warning(sdk))
        return Catalogue(sdk, self.home)

    @property
    def cache(self) -> Path:
        """The cache directory of `--cache`, or the default for this SDK in the home."""
        if self.args.cache:
            return user_path(self.args.cache)
        return self.home.cache_directory(self.sdk.version, self.sdk.digest, self.origin)

    @property
    def ports_from(self) -> Path | None:
        """The directory for sources of ports: from the command line, otherwise from the project."""
        if self.args.ports_from:
            return user_path(self.args.ports_from)
        if self.project and self.project.ports_from:
            return self.project.file.parent / self.project.ports_from
        return None

    @property
    def base(self) -> Path | None:
        """The base: from the command line, otherwise EMROOT_BASE, otherwise the project; empty for none."""
        given = self._by_user('base')
        found = user_path(given) if given else None
        if given is None and self.project and self.project.base:
            found = self.project.file.parent / self.project.base
        if found and not found.is_dir():
            raise UsageError(f'the base {found} is not a directory',
                             hint='set --base (EMROOT_BASE) to a cache directory, or to nothing')
        return found

    @property
    def sdk_cache(self) -> bool:
        """Whether the SDK's own cache is a base: not with `--base ''` (EMROOT_BASE) or EMROOT_LOCATION=own."""
        return self._by_user('base') != '' and not self.own_location

    @property
    def remote(self) -> RemoteSpec | None:
        """The remote: from the command line, otherwise EMROOT_REMOTE, otherwise the project; empty for none.
        Secret headers are sent only to a remote that the user named."""
        given = self._by_user('remote')
        text = given if given is not None else self.project.remote if self.project else ''
        if not text:
            return None
        from ..remote.credentials import HELPER
        from ..remote.remote_spec import HEADER, parse_remote  # lazy import: most builds have none
        own = given is not None
        directory = self.project.file.parent if self.project and not own else None
        return parse_remote(text, writes=getattr(self.args, 'remote_write', False),
                            headers=os.environ.get(HEADER, '') if own else '', helper=os.environ.get(HELPER, '') if own else '',
                            key=self.remote_key(by_user=own), directory=directory)

    def remote_key(self, *, by_user: bool) -> str:
        """The public key for records of the remote: the user's, otherwise, for a remote that only the project names, the
        project's. Paths are absolute; empty for none."""
        given = self._by_user('remote_key')
        if given is None and not by_user and self.project:
            given, directory = self.project.remote_key, self.project.file.parent
        else:
            directory = None
        return str(user_path(given, directory)) if given and not given.startswith(('ssh-', 'ecdsa-', 'sk-')) else given or ''

    @property
    def launcher(self) -> str:
        """The launcher of compiles: `--launcher`, otherwise the one in a link of `--for`, otherwise
        EM_COMPILER_WRAPPER, otherwise COMPILER_WRAPPER in the configuration of the SDK, as in emcc."""
        given = self.args.launcher
        if given is None and (links := [link for link in getattr(self.args, 'links', ()) if 'wrapper' in link.lower()]):
            from ..libraries.link_line import compiler_wrapper  # lazy import: most links have none
            given = next(filter(None, map(compiler_wrapper, links)), None)
        if given is None:
            given = os.environ.get('EM_COMPILER_WRAPPER', self.sdk.configured_wrapper)
        if not given:
            return ''
        from ..host.programs import find_program  # lazy import: most builds have none
        found = find_program(given)
        if found is None:
            raise UsageError(f'there is no program {given!r}, the launcher of compiles',
                             hint='check --launcher, EM_COMPILER_WRAPPER, and COMPILER_WRAPPER in the configuration of emcc; '
                                  "--launcher '' turns launchers off")
        return os.path.abspath(found)

    @property
    def own_location(self) -> bool:
        """Whether only libraries with this SDK's own path are used (EMROOT_LOCATION=own)."""
        given = os.environ.get('EMROOT_LOCATION') or os.environ.get('EMROOT_PLACE', '')  # its old name
        if given not in ('', 'any', 'own'):
            raise UsageError(f'EMROOT_LOCATION={given!r} is neither `any` nor `own`', hint='set EMROOT_LOCATION=own, or unset it')
        return given == 'own'

    @cached_property
    def selection(self) -> Selection:
        """The selection so far (see `selected`)."""
        from ..project.selection import Selection
        return Selection(self.catalogue)

    def modes(self) -> list[Mode]:
        """The modes of `--features`, in order, without duplicates; wasm32 by default."""
        from ..project.selection import parse_modes
        return parse_modes(self.args.features)

    def selected(self, *, needed: bool = True) -> Selected:
        """Targets by mode, selected by `--features`, `--targets` and `--for` together; by `emroot.toml` if none of
        these is given and a selection is `needed`. Raises `UnknownNameError`, and `UsageError` for nothing."""
        args, selection = self.args, self.selection
        if args.features or args.targets or args.links:
            selection.add(features=args.features, targets=split_names(args.targets), links=args.links)
        elif needed and self.project:
            selection.add_project(self.project)
        selected = selection.selected()
        if needed and not selected:
            raise UsageError('nothing is selected', hint='give --features, --targets or --for, for example '
                                                         '`emroot build --for "em++ -flto=thin"`, or write an emroot.toml')
        return selected


def print_json(document: Any) -> None:
    sys.stdout.write(json.dumps(document, indent=2) + '\n')
