"""Which mode, targets, files and ports a link needs: what emcc's own front half says (`probe/resolve_program.py`).

A link's answer depends on the SDK, on the flags, and on the few files that emcc looks at while it decides. Names of
objects and outputs do not matter, so that every program of a build shares one answer; the files are looked at again
each time, as a compiler cache does with headers.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import BuildError, SdkError, UsageError
from ..hashing import digest_file, digest_record
from ..host.checked_json import read_checked_json, write_checked_json
from ..modes import Mode, all_modes
from ..probe import PROGRAM, ask
from ..probe.port_settings import split
from .catalogue import Catalogue
from .link_line import CONFIG, LinkLine, read_link

#: What emcc reads from the environment that changes which libraries it links, and how.
HEEDED = ('EMCC_CFLAGS', 'EMCC_FORCE_STDLIBS', 'EMCC_ONLY_FORCED_STDLIBS', 'EMCC_AUTODEBUG', 'EMCC_STRICT',
          'EMMAKEN_JUST_CONFIGURE')
_STAND_IN = 'main.o'
#: What answers. Another version of it is asked anew.
_PROGRAMS = [PROGRAM.with_name(f'{name}.py')
             for name in ('resolve_program', 'port_names', 'port_settings', 'guard', 'sdk_modules', 'libraries')]
_ANSWERS_KEPT = 8
_MODES = {mode.directory: mode for mode in all_modes()}
_OBJECTS = ('.o', '.obj', '.lo', '.a', '.lib')
#: Options of one letter that do not have the next word for value.
_ALONE = {f'-{letter}' for letter in 'cgvwrsES-'}


@dataclass(frozen=True, kw_only=True)
class Resolution:
    """What a link needs."""

    mode: Mode
    targets: tuple[str, ...]
    """Libraries under embuilder's names, in link order. None if the command does not link."""
    files: tuple[str, ...]
    """Where emcc looks for them, relative to the cache directory, in the same order; then those of the ports."""
    ports: tuple[str, ...]
    """Ports, dependencies first, under names that build what the link wants of each: embuilder's (`zlib`, `libpng-mt`,
    `sdl2_image:formats=png`, `/my/port.py`), with settings where those do not say it (`sdl2_mixer:PTHREADS=1`)."""
    unfetched: tuple[str, ...] = ()
    """Those of `ports` whose definition comes with sources that are not there yet: what they add is not in `files`."""
    unnamed: tuple[tuple[str, str], ...] = ()
    """Files that emcc wants of a port though no target gives them, each after its port: they cannot be built apart from emcc."""

    def check_ports(self) -> None:
        """Raises `BuildError` if it needs a port's file that no target gives."""
        for port, file in self.unnamed:
            raise BuildError(f'the link needs {file} of port {port}, but no variant, option or setting of the port provides it',
                             hint='let emcc build it: run this link once without emroot, with the same cache directory')

    def to_json(self) -> dict[str, Any]:
        """What `emroot resolve --json` prints."""
        return {'mode': self.mode.name, 'features': self.mode.features, 'targets': list(self.targets),
                'files': list(self.files), 'ports': list(self.ports)}


def resolve(catalogue: Catalogue, link: str | Sequence[str], *, lang: str | None = None, environment: bool = False,
            cwd: Path | None = None, ports: Path | None = None) -> Resolution:
    """What `link` needs: a whole command line that starts an emcc or em++ (`link_line.py`), or flags alone, in which case `lang`
    (`c` or `c++`, the default) says which of the two would link.

    Inputs need not exist, and sources are not compiled. `environment` heeds `EMCC_CFLAGS` and the others of `HEEDED`; those that
    the line itself sets count in any case.
    `ports` is where the sources of ports lie (`<cache directory>/ports`); few ports are defined only there.

    Raises `UsageError` if it is no link, or with emcc's own words if it refuses it.
    """
    line = read_link(link, lang)
    argv = _command(line)
    here = str(cwd.absolute() if cwd else Path.cwd())
    set_for_it = {**os.environ, **line.variables} if environment else line.variables
    heeded = {name: set_for_it[name] for name in HEEDED if name in set_for_it}
    key = {'programs': [digest_file(program) for program in _PROGRAMS], 'argv': _what_matters(argv),
           'environment': heeded, 'ports': str(ports or '')}
    memo_file = catalogue.memo / 'links' / f'{digest_record(key)[:32]}.json'
    known = (read_checked_json(memo_file) or {}).get('answers', [])
    for answer in known:
        if _unchanged(answer['looked_at'], here):
            return _resolution(catalogue, answer, here)
    answer = _ask(catalogue, argv, here, heeded, ports)
    write_checked_json(memo_file, {'answers': [answer, *known][:_ANSWERS_KEPT]})
    return _resolution(catalogue, answer, here)


def mode_of_directory(directory: str) -> Mode:
    """The mode whose archives lie in `directory` (relative to the cache directory): the inverse of `Mode.directory`."""
    if directory not in _MODES:
        raise SdkError(f'the SDK has libraries in {directory}, which is not the directory of a known mode',
                       hint='use a newer emroot')
    return _MODES[directory]


def _command(line: LinkLine) -> list[str]:
    # Flags alone name no input, and a link without one is an error to emcc. The stand-in goes first, so that a flag
    # that lacks its argument does not take it.
    argv = [line.driver, *([] if line.command else [_STAND_IN]), *line.arguments]
    while CONFIG in argv:  # read where the SDK is found; emcc's own parser never sees it
        at = argv.index(CONFIG)
        del argv[at:at + 2]
    return argv


def _what_matters(argv: Sequence[str]) -> list[str]:
    """The command with the names of objects, archives and the output made alike; suffixes stay, they decide."""
    found = list(argv[:1])
    for before, word in itertools.pairwise(argv):
        if before == '-o' and not word.startswith('-'):
            word = 'out' + os.path.splitext(word)[1]
        elif word.endswith(_OBJECTS) and not word.startswith(('-', '@')) and (
                len(before) != 2 or not before.startswith('-') or before in _ALONE):
            word = 'x.o'
        if word != 'x.o' or found[-1] != word:
            found.append(word)
    return found


def _unchanged(looked_at: Iterable[Sequence[Any]], here: str) -> bool:
    """Whether every file that emcc looked at gives it the same to see (`probe/guard.py: Guard.noted`)."""
    return all(_look(how, os.path.join(here, path)) == seen for how, path, seen in looked_at)


def _look(how: str, path: str) -> bool | str | None:
    if how == 'read':
        return digest_file(path) if os.path.isfile(path) else None
    return {'exists': os.path.exists, 'isfile': os.path.isfile, 'isdir': os.path.isdir}[how](path)


def _ask(catalogue: Catalogue, argv: list[str], here: str, heeded: Mapping[str, str],
         ports: Path | None) -> dict[str, Any]:
    if not os.path.isdir(here):
        raise UsageError(f'{here} is not a directory', hint='resolve the link in an existing directory')
    sdk = catalogue.sdk
    answer = ask(sdk.python, sdk.root, 'resolve', catalogue.environment(heeded),
                 program=_PROGRAMS[0], bytecode=catalogue.bytecode,
                 argv=argv, cwd=here, ports=str(ports) if ports else None)
    if 'rejected' in answer:
        said = answer['rejected'].strip()
        if said == 'no input files' and argv[1:2] != [_STAND_IN]:  # `em++ -flto`: the flags of a link, driver included
            return _ask(catalogue, [argv[0], _STAND_IN, *argv[1:]], here, heeded, ports)
        raise UsageError(f'{argv[0]}: error: {said}', hint='correct the link: emcc itself refuses it')
    return answer


def _resolution(catalogue: Catalogue, answer: Mapping[str, Any], here: str) -> Resolution:
    mode = mode_of_directory(answer['directory'])
    if answer['unlisted']:
        catalogue.add_unlisted(mode, answer['unlisted'])
    return Resolution(mode=mode, targets=tuple(t for t, _ in answer['libraries']),
                      files=(*(path for _, path in answer['libraries']), *answer['port_files']),
                      ports=tuple(_absolute(port, here) for port in answer['ports']),
                      unfetched=tuple(answer['unfetched']),
                      unnamed=tuple((port, file) for port, file in answer['unnamed']))


def _absolute(port: str, here: str) -> str:
    """A port's file with its whole path; the colon of a drive is not the one that begins the options."""
    name, _ = split(port)
    return os.path.join(here, name) + port[len(name):] if name.endswith('.py') else port
