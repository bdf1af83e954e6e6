"""Mode, targets, files and ports that a link needs, from emcc's own front half (`probe/resolve_program.py`).

The answer depends on the SDK, the flags, and the few files that emcc reads to decide, which are checked again
each time. Names of objects and outputs do not matter, so all programs of a build share one answer.
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
from ..modes import Mode, mode_of_directory
from ..probe import PROGRAM, ask
from ..probe.port_settings import split
from .catalogue import Catalogue
from .link_line import CONFIG, LinkLine, read_link

#: Environment variables of emcc that change which libraries it links.
HEEDED = ('EMCC_CFLAGS', 'EMCC_FORCE_STDLIBS', 'EMCC_ONLY_FORCED_STDLIBS', 'EMCC_AUTODEBUG', 'EMCC_STRICT',
          'EMMAKEN_JUST_CONFIGURE')
_STAND_IN = 'main.o'
#: The query program. After a change of it, answers are queried again.
_PROGRAMS = [PROGRAM.with_name(f'{name}.py')
             for name in ('resolve_program', 'port_names', 'port_settings', 'guard', 'sdk_modules', 'libraries')]
_ANSWERS_KEPT = 8
_OBJECTS = ('.o', '.obj', '.lo', '.a', '.lib')
#: One-letter options without a value in the next word.
_ALONE = {f'-{letter}' for letter in 'cgvwrsES-'}


@dataclass(frozen=True, kw_only=True)
class Resolution:
    """What the SDK says that a link needs."""

    mode: Mode
    targets: tuple[str, ...]
    """Libraries, with embuilder's names, in link order. Empty if the command does not link."""
    files: tuple[str, ...]
    """Their paths, relative to the cache directory, in the same order; then those of the ports."""
    ports: tuple[str, ...]
    """Ports, dependencies first, by target names that build what the link needs (`zlib`, `libpng-mt`, `/my/port.py`), with
    options (`sdl2_image:formats=png`) and settings (`sdl2_mixer:PTHREADS=1`) where necessary."""
    unfetched: tuple[str, ...] = ()
    """The `ports` whose definition comes with sources that are not here: `files` lacks theirs."""
    unnamed: tuple[tuple[str, str], ...] = ()
    """(port, file) of files of ports that no target provides: only emcc can build them."""

    def check_ports(self) -> None:
        """Raises `BuildError` if it needs a port's file that no target provides."""
        for port, file in self.unnamed:
            raise BuildError(f'the link needs {file} of port {port}, but no variant, option or setting of the port provides it',
                             hint='let emcc build it: run this link once without emroot, with the same cache directory')

    def to_json(self) -> dict[str, Any]:
        """The document of `emroot resolve --json`."""
        return {'mode': self.mode.name, 'features': self.mode.features, 'targets': list(self.targets),
                'files': list(self.files), 'ports': list(self.ports)}


def resolve(catalogue: Catalogue, link: str | Sequence[str], *, lang: str | None = None, environment: bool = False,
            cwd: Path | None = None, ports: Path | None = None) -> Resolution:
    """The needs of `link` (see `link_line.read_link`, also for `lang`). Inputs need not exist, and sources are
    not compiled.

    `environment`: use `EMCC_CFLAGS` and the other variables of `HEEDED`; those in the line itself are always
    used. `ports`: the sources of ports (`<cache directory>/ports`), which define a few ports. Raises `UsageError`
    if it is not a link, or with emcc's message if emcc refuses it.
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


def _command(line: LinkLine) -> list[str]:
    # Flags alone name no input, and a link without one is an error to emcc. The stand-in goes first, so that a flag
    # that lacks its argument does not take it.
    argv = [line.driver, *([] if line.command else [_STAND_IN]), *line.arguments]
    while CONFIG in argv:  # read where the SDK is found; emcc's own parser never sees it
        at = argv.index(CONFIG)
        del argv[at:at + 2]
    return argv


def _what_matters(argv: Sequence[str]) -> list[str]:
    """The command with neutral names of objects, archives and output; suffixes stay, because they matter."""
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
    """Whether every file that emcc read is unchanged (`probe/guard.py: Guard.noted`)."""
    return all(_look(how, os.path.join(here, path)) == seen for how, path, seen in looked_at)


def _look(how: str, path: str) -> bool | str | None:
    if how == 'read':
        return digest_file(path) if os.path.isfile(path) else None
    return {'exists': os.path.exists, 'isfile': os.path.isfile, 'isdir': os.path.isdir}[how](path)


def _ask(catalogue: Catalogue, argv: list[str], here: str, heeded: Mapping[str, str], ports: Path | None) -> dict[str, Any]:
    if not os.path.isdir(here):
        raise UsageError(f'{here} is not a directory', hint='resolve the link in an existing directory')
    sdk = catalogue.sdk
    answer = ask(sdk.python, sdk.root, 'resolve', catalogue.environment(heeded), program=_PROGRAMS[0],
                 bytecode=catalogue.bytecode, argv=argv, cwd=here, ports=str(ports) if ports else None)
    if 'rejected' in answer:
        message = answer['rejected'].strip()
        if message == 'no input files' and argv[1:2] != [_STAND_IN]:  # `em++ -flto`: the flags of a link, driver included
            return _ask(catalogue, [argv[0], _STAND_IN, *argv[1:]], here, heeded, ports)
        raise UsageError(f'{argv[0]}: error: {message}', hint='correct the link: emcc itself refuses it')
    return answer


def _resolution(catalogue: Catalogue, answer: Mapping[str, Any], here: str) -> Resolution:
    mode = mode_of_directory(answer['directory'])
    if mode is None:
        raise SdkError(f'the SDK has libraries in {answer["directory"]}, which is not the directory of a known mode',
                       hint='use a newer emroot')
    if answer['unlisted']:
        catalogue.add_unlisted(mode, answer['unlisted'])
    return Resolution(mode=mode, targets=tuple(t for t, _ in answer['libraries']),
                      files=(*(path for _, path in answer['libraries']), *answer['port_files']),
                      ports=tuple(_absolute(port, here) for port in answer['ports']),
                      unfetched=tuple(answer['unfetched']),
                      unnamed=tuple((port, file) for port, file in answer['unnamed']))


def _absolute(port: str, here: str) -> str:
    """A port's file with its absolute path; the colon of a drive does not start the options."""
    name, _ = split(port)
    return os.path.join(here, name) + port[len(name):] if name.endswith('.py') else port
