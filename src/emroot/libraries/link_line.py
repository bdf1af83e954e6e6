"""Parse link commands: the emcc or em++ command in a line as users write it, or as build tools print it.

    LINE      COMMAND, or several joined by && || ; | & (ninja prints `: && em++ ... && :`)
    COMMAND   [NAME=VALUE | LAUNCHER]... DRIVER ARGUMENT...      or only flags and inputs
    DRIVER    emcc or em++, with any path and suffix
    LAUNCHER  a program of `_LAUNCHERS` with its options, a shell with a command, `cmake -E`; or any other program directly
              followed by the driver, or by `--` and the driver

Anything else is not a link, and is refused: `make -j2` has inputs and options as well.
"""

from __future__ import annotations

import itertools
import os
import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from ..errors import UsageError

Language = Literal['c', 'c++']
COMPILERS: dict[str, Language] = {'emcc': 'c', 'em++': 'c++'}
#: Launchers: their options with a value in the next word, and the number of further words.
_LAUNCHERS: dict[str, tuple[str, int]] = {
    **dict.fromkeys(('ccache', 'sccache', 'distcc', 'icecc', 'buildcache', 'gomacc', 'rewrapper', 'recc', 'nohup', 'setsid',
                     'command', 'libtool', 'emmake', 'emconfigure'), ('', 0)),
    'env': ('-u --unset -C --chdir', 0), 'exec': ('-a', 0), 'time': ('-f --format -o --output', 0),
    'nice': ('-n --adjustment', 0), 'ionice': ('-c --class -n --classdata', 0), 'sudo': ('-u --user -g --group', 0),
    'stdbuf': ('-i -o -e', 0), 'python': ('-W -X', 0), 'py': ('', 0), 'timeout': ('-k --kill-after -s --signal', 1),
    'taskset': ('', 1), 'chrt': ('', 1)}
#: The option for emcc's configuration, only in this form.
CONFIG = '--em-config'
#: The option for the launcher of emcc's compiles.
_WRAPPER = '--compiler-wrapper'
_SHELLS = ('sh', 'bash', 'dash', 'ash', 'zsh', 'ksh')
_BETWEEN = ('&&', '||', ';', '|', '&')
#: Where a shell is to send output, or to take input from: `> log`, `2>&1`, `&>>log`.
_REDIRECTION = r'(?s)(?:\d*|&)(?:>>?|<)(&\d+|.+)?'
_ASSIGNMENT = r'(?s)([A-Za-z_]\w*)=(.*)'
_INPUT = r'(?is).*\.(o|obj|lo|a|lib|so|dylib|wasm|bc|ll|c|cc|cpp|cxx|c\+\+|i|ii|m|mm|s)'
#: Suffixes of a driver's name.
_SUFFIXES = ('', '.py', '.bat', '.exe', '.cmd', '.ps1')
#: Options with which a compiler does not link.
_LINKS_NOTHING = {'-c', '-S', '-E', '-M', '-MM', '-fsyntax-only'}


@dataclass(frozen=True, kw_only=True)
class LinkLine:
    """The emcc or em++ command of a line."""

    driver: str
    """`emcc` or `em++`."""
    arguments: tuple[str, ...]
    variables: Mapping[str, str]
    """Environment variables that the line sets."""
    command: tuple[str, ...]
    """The command, with launchers and driver; empty for flags without a driver."""

    @property
    def links(self) -> bool:
        """Whether no option keeps it from linking."""
        return _LINKS_NOTHING.isdisjoint(self.arguments)


def read_link(link: str | Sequence[str], lang: str | None = None) -> LinkLine:
    """The one emcc or em++ command in a line. For flags without a driver, `lang` (`c` or `c++`, the default)
    selects it. Raises `UsageError` if there is none, or more than one."""
    if lang not in (None, *COMPILERS.values()):
        raise UsageError(f'unknown language {lang!r}', hint='give --lang c or --lang c++')
    words = split_link(link)
    if len(words) == 1 and not words[0].startswith('-') and any(map(str.isspace, words[0])):
        words = split_link(words[0])  # a whole line that was quoted for the shell
    found = list(_started(words))
    if len(found) > 1:
        found = [line for line in found if line.links] or found[:1]
    if len(found) > 1:
        raise UsageError(f'`{shlex.join(words)}` contains {len(found)} links',
                         hint='give one link at a time; --for may be repeated')
    if found:
        return found[0]
    variables, flags = _variables(words)
    if flags and not flags[0].startswith(('-', '@')) and not re.fullmatch(_INPUT, flags[0]):
        raise UsageError(f'`{shlex.join(words)}` is not a link command of emcc or em++',
                         hint='give a command of emcc or em++ (also with ccache, env or the like in front), or only its flags; '
                              'for a whole build use `emroot run -- COMMAND`')
    return LinkLine(driver='emcc' if lang == 'c' else 'em++', arguments=tuple(flags), variables=variables, command=())


def compiler_wrapper(link: str | Sequence[str]) -> str | None:
    """The launcher of compiles in a link (`--compiler-wrapper`, EM_COMPILER_WRAPPER); None if it has none."""
    line = read_link(link)
    wrapper = line.variables.get('EM_COMPILER_WRAPPER')
    for word, following in itertools.zip_longest(line.arguments, line.arguments[1:]):
        name, equals, value = word.partition('=')
        if name == _WRAPPER:
            wrapper = value if equals else following
    return wrapper


def split_link(link: str | Sequence[str], *, windows: bool = os.name == 'nt') -> Sequence[str]:
    """The words of a link, which may be one string in shell syntax."""
    if not isinstance(link, str):
        return link
    reader = shlex.shlex(link, posix=True, punctuation_chars=False)
    reader.whitespace_split, reader.commenters = True, ''
    if windows:
        reader.escape = ''  # it separates directories
    try:
        return list(reader)
    except ValueError as error:
        raise UsageError(f'cannot read the link {link!r}: {error}', hint='close the quotation marks') from error


def compiler(word: str) -> str | None:
    """`emcc` or `em++` if a word is one of them: `/opt/emsdk/upstream/emscripten/em++.bat`."""
    name, suffix = os.path.splitext(_name(word))
    return name if name in COMPILERS and suffix in _SUFFIXES else None


def _name(word: str) -> str:
    return word.replace('\\', '/').rpartition('/')[2].lower()


def _started(words: Sequence[str]) -> Iterator[LinkLine]:
    """Each emcc or em++ command in a line."""
    command: list[str] = []
    for word in (*words, ';'):
        if word not in _BETWEEN:
            command.append(word)
            continue
        variables, command = _variables(_without_shell(command))
        if command and (driver := compiler(command[0])):
            yield LinkLine(driver=driver, arguments=tuple(command[1:]), variables=variables, command=tuple(command))
        elif command:
            yield from _launched(command, variables)
        command = []


def _without_shell(command: list[str]) -> list[str]:
    """A command without redirections, and out of the parentheses of a subshell: `(emcc x.o > log 2>&1)`."""
    words: list[str] = []
    rest = iter(command)
    for word in rest:
        if found := re.fullmatch(_REDIRECTION, word):
            if not found.group(1):
                next(rest, None)
        elif word not in ('(', ')', '{', '}'):
            words.append(word)
    if words and words[0].startswith('('):
        words[0] = words[0].lstrip('(')
    if words and words[-1].endswith(')') and '(' not in words[-1] and not words[-1].startswith('-'):
        words[-1] = words[-1].rstrip(')')
    return words


def _launched(command: list[str], variables: Mapping[str, str]) -> Iterator[LinkLine]:
    """The command that a launcher starts, with the launcher in front, unless that is a shell."""
    inner, shell = _behind(command)
    for line in _started(inner):
        started = line.command if shell else (*command[:len(command) - len(inner)], *inner)
        yield replace(line, variables={**variables, **line.variables}, command=started)


def _behind(command: list[str]) -> tuple[Sequence[str], bool]:
    """The command after a launcher, and whether the launcher is a shell. Empty if it is not a launcher."""
    name, rest = _program(command[0]), command[1:]
    if name in _SHELLS or name == 'cmd':
        return _of_shell(name, rest), True
    if name == 'cmake' and rest[:1] == ['-E']:
        return rest[1:], False
    if name in _LAUNCHERS:
        values, following = _LAUNCHERS[name]
        while rest and rest[0] != '--' and (rest[0].startswith('-') or (name != 'env' and re.fullmatch(_ASSIGNMENT, rest[0]))):
            del rest[:2 if rest[0] in values.split() else 1]
        rest = rest[following:]
        return rest[1:] if rest[:1] == ['--'] else rest, False
    behind = rest[rest.index('--') + 1:] if '--' in rest else rest
    known = len(behind) > 1 and (compiler(behind[0]) or _program(behind[0]) in _LAUNCHERS)
    return behind if known else [], False


def _of_shell(name: str, rest: list[str]) -> Sequence[str]:
    """The words of a shell's `-c` command, or of its script."""
    if name == 'cmd':
        inner = rest[next((at for at, word in enumerate(rest) if word.lower() == '/c'), len(rest)) + 1:]
        return split_link(inner[0], windows=True) if len(inner) == 1 else inner
    while rest and rest[0].startswith('-'):
        option = rest.pop(0)
        if re.fullmatch(r'-[A-Za-z]*c', option) and rest:
            return split_link(rest[0], windows=False)
        if re.fullmatch(r'-[A-Za-z]*o', option):  # -o pipefail
            del rest[:1]
    return rest


def _program(word: str) -> str:
    """The name of a program without version suffixes and `.exe`."""
    name = re.sub(r'\.(exe|bat|cmd)$', '', _name(word))
    return 'python' if re.fullmatch(r'pythonw?[\d.]*', name) else name


def _variables(words: Sequence[str]) -> tuple[dict[str, str], list[str]]:
    """The variable assignments before a command, and the command."""
    variables: dict[str, str] = {}
    for at, word in enumerate(words):
        if '=' not in word or not (match := re.fullmatch(_ASSIGNMENT, word)):
            return variables, list(words[at:])
        variables[match.group(1)] = match.group(2)
    return variables, []
