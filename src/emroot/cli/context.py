"""What every command begins with: the home, the SDK, its catalogue, and the selection of targets."""

from __future__ import annotations

import argparse
import json
import os
import sys
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import UsageError
from ..hashing import digest_bytes
from ..host.files import user_path
from ..host.home import Home, find_home, read_json, write_json
from ..libraries.catalogue import Catalogue
from ..modes import Mode
from ..project.project_file import Project, find_project, load_project
from ..project.selection import Selected, Selection, parse_modes, split_names
from ..sdk import Sdk, find_sdk
from ..sdk.discovery import find_sdk_version

if TYPE_CHECKING:
    from ..remote.remote_spec import RemoteSpec
    from ..store import Store


#: In the environment of what `emroot run` has emcc start: its project's file, or nothing. A file of the same name in a directory
#: below, of vendored sources for example, is not asked.
PROJECT = 'EMROOT_PROJECT'
#: Names there the file of what is to be said (see `cli/ui/notices.py`); empty if builds are to be silent.
NOTICES = 'EMROOT_NOTICES'


@dataclass(frozen=True)
class CommandContext:
    """One invocation of the command line."""

    args: argparse.Namespace

    @cached_property
    def home(self) -> Home:
        """The home asked for."""
        return find_home(self.args.home)

    @cached_property
    def sdk(self) -> Sdk:
        """The SDK asked for: on the command line, else by the project, else the first that is found."""
        if self.args.sdk or not self.project or not self.project.sdk:
            return find_sdk(self.home, self.args.sdk)
        if self.project.sdk_path:
            return find_sdk(self.home, self.project.sdk_path)
        return find_sdk_version(self.home, self.project.sdk, f'{self.project.file} asks for')

    @cached_property
    def project(self) -> Project | None:
        """The `emroot.toml` of the current directory or of the nearest above it, without what needs trust that the user did not
        give (which is said once). Commands below `emroot run` have its project, wherever they run."""
        given = os.environ.get(PROJECT)
        path = find_project() if given is None else Path(given) if given else None
        if not path:
            return None
        from .commands.trust import admit  # here and not above: most commands find no file to read
        return admit(self.home, load_project(path), warn=not self.args.quiet)

    @cached_property
    def origin(self) -> str:
        """Where what is taken from others comes from, if the project alone says so (see `trust.origin_of`)."""
        named = {key: getattr(self.project, key) for key in ('remote', 'base') if self._by_project(key)}
        if not self.project or not named:
            return ''
        from ..project.trust import origin_of  # here and not above: most builds have none
        here = self.project.file.parent
        key = self.remote_key(by_user=False) if 'remote' in named else ''
        return origin_of(*(text if '://' in text else str(here / text) for text in named.values()), *([key] if key else []))

    @property
    def store(self) -> Store:
        """The store, with what this session may take from it."""
        from ..store import Store  # here and not above: what only looks needs none
        return Store(self.home.store, self.origin)

    def _by_project(self, option: str) -> bool:
        """Whether an option comes from the project's file and from nowhere else."""
        given = getattr(self.args, option, None)
        said = given if given is not None else os.environ.get(f'EMROOT_{option.upper()}')
        return said is None and bool(self.project and getattr(self.project, option))

    @cached_property
    def catalogue(self) -> Catalogue:
        """What that SDK has to offer. Who uses a doubtful one is told so, once."""
        if self.sdk.doubt and not self.args.quiet:
            warn_once(self.home, f'sdk-{self.sdk.digest}', self.sdk.doubt)
        return Catalogue(self.sdk, self.home)

    @property
    def cache(self) -> Path:
        """The cache directory asked for, or the SDK's own in the home."""
        if self.args.cache:
            return user_path(self.args.cache)
        return self.home.cache_directory(self.sdk.version, self.sdk.digest, self.origin)

    @property
    def ports_from(self) -> Path | None:
        """Where the sources of ports may lie: on the command line, else what the project says."""
        if self.args.ports_from:
            return user_path(self.args.ports_from)
        if self.project and self.project.ports_from:
            return self.project.file.parent / self.project.ports_from
        return None

    @property
    def base(self) -> Path | None:
        """The base: on the command line, else in EMROOT_BASE, else what the project says; an empty one is none."""
        option = getattr(self.args, 'base', None)
        given = option if option is not None else os.environ.get('EMROOT_BASE')
        found = user_path(given) if given else None
        if given is None and self.project and self.project.base:
            found = self.project.file.parent / self.project.base
        if found and not found.is_dir():
            raise UsageError(f'the base {found} is not a directory',
                             hint='set --base (EMROOT_BASE) to a cache directory, or to nothing')
        return found

    @property
    def sdk_cache(self) -> bool:
        """Whether what the SDK's own cache has is used: unless `--base ''` (EMROOT_BASE) says that there is no base, or nothing
        that was made elsewhere is wanted."""
        option = getattr(self.args, 'base', None)
        return (option if option is not None else os.environ.get('EMROOT_BASE')) != '' and not self.own_location

    @property
    def remote(self) -> RemoteSpec | None:
        """The remote: on the command line, else in EMROOT_REMOTE, else what the project says; an empty one is none.

        Headers with secrets are for a remote that the user named. A project that was fetched from somewhere does not get them.
        """
        option = getattr(self.args, 'remote', None)
        given = option if option is not None else os.environ.get('EMROOT_REMOTE')
        text = given if given is not None else self.project.remote if self.project else ''
        if not text:
            return None
        from ..remote.credentials import HELPER
        from ..remote.remote_spec import HEADER, parse_remote  # here and not above: most builds have none
        own = given is not None
        beside = self.project.file.parent if self.project and not own else None
        return parse_remote(text, writes=getattr(self.args, 'remote_write', False),
                            headers=os.environ.get(HEADER, '') if own else '', helper=os.environ.get(HELPER, '') if own else '',
                            key=self.remote_key(by_user=own), directory=beside)

    def remote_key(self, *, by_user: bool) -> str:
        """What a remote's records have to be signed with: on the command line, else in EMROOT_REMOTE_KEY, else, for a remote that
        only the project names, what the project says. Paths are absolute; an empty one is none.
        """
        option = getattr(self.args, 'remote_key', None)
        given = option if option is not None else os.environ.get('EMROOT_REMOTE_KEY')
        if given is None and not by_user and self.project:
            given, beside = self.project.remote_key, self.project.file.parent
        else:
            beside = None
        return str(user_path(given, beside)) if given and not given.startswith(('ssh-', 'ecdsa-', 'sk-')) else given or ''

    @property
    def launcher(self) -> str:
        """The path of the program that compiles are started through: `--launcher`, else what a link of `--for` says, else
        EM_COMPILER_WRAPPER, else what the configuration of the SDK says (COMPILER_WRAPPER), as emcc has it."""
        given = self.args.launcher
        if given is None and (links := [link for link in getattr(self.args, 'links', ()) if 'wrapper' in link.lower()]):
            from ..libraries.link_line import compiler_wrapper  # here and not above: most links name none
            given = next(filter(None, map(compiler_wrapper, links)), None)
        if given is None:
            given = os.environ.get('EM_COMPILER_WRAPPER', self.sdk.configured_wrapper)
        if not given:
            return ''
        from ..host.programs import find_program  # here and not above: most builds have none
        found = find_program(given)
        if found is None:
            raise UsageError(f'there is no program {given!r}, the launcher of compiles',
                             hint='check --launcher, EM_COMPILER_WRAPPER, and COMPILER_WRAPPER in the configuration of emcc; '
                                  "--launcher '' turns launchers off")
        return os.path.abspath(found)

    @property
    def own_location(self) -> bool:
        """Whether libraries that name a location must name this SDK's, as EMROOT_LOCATION says."""
        given = os.environ.get('EMROOT_LOCATION') or os.environ.get('EMROOT_PLACE', '')  # its old name
        if given not in ('', 'any', 'own'):
            raise UsageError(f'EMROOT_LOCATION={given!r} is neither `any` nor `own`', hint='set EMROOT_LOCATION=own, or unset it')
        return given == 'own'

    @cached_property
    def selection(self) -> Selection:
        """What was selected so far (see `selected`)."""
        return Selection(self.catalogue)

    def modes(self) -> list[Mode]:
        """The modes of `--features`, in order and once; wasm32 without any."""
        return parse_modes(self.args.features)

    def selected(self, *, or_project: bool = False) -> Selected:
        """Targets by mode that `--features`, `--targets` and `--for` select together; without any of them what
        `emroot.toml` says, if `or_project`. Empty if nothing does.

        Raises `UnknownNameError` for what does not exist.
        """
        args, selection = self.args, self.selection
        if args.features or args.targets or args.links:
            selection.add(features=args.features, targets=split_names(args.targets), links=args.links)
        elif or_project and self.project:
            selection.add_project(self.project)
        return selection.selected()


def is_below_run() -> bool:
    """Whether this process was started by an emcc below `emroot run`, as far as its environment tells."""
    return NOTICES in os.environ


def warn_once(home: Home, about: str, text: str) -> None:
    """A warning on standard error, if there was none `about` the same thing before."""
    marker = home.memo / 'warned' / f'{digest_bytes(about.encode())[:16]}.json'
    if read_json(marker) is None:
        write_json(marker, {'text': text})
        from .ui.color import paint
        from .ui.github_actions import annotate  # here and not above: once for each SDK
        print(f'{paint("emroot: warning:", "odd", sys.stderr)} {text}', file=sys.stderr)
        annotate('warning', 'emroot', text)


def print_json(document: Any) -> None:
    """One JSON document on standard output."""
    sys.stdout.write(json.dumps(document, indent=2) + '\n')
