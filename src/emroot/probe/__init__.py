"""Queries to an SDK: `program.py` answers in JSON. It and the other programs of this directory run in the SDK's own Python (3.8
or later), find each other by their names, and import nothing of emroot."""

from __future__ import annotations

import json
import math
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from .. import schemas
from ..errors import SdkError, UsageError, blame_shortage, from_shortage, last_line
from ..hashing import digest_file, digest_record
from ..host.files import remove_tree

#: Time limit of a query in seconds. The longest, about all libraries of a mode, takes one minute.
SECONDS = 900.0
SECONDS_VARIABLE = 'EMROOT_SDK_SECONDS'
PROGRAM = Path(__file__).with_name('program.py')
HOOK = PROGRAM.with_name('emcc_hook') / 'hook.py'
#: Variables that would change what the SDK's modules do. system_libs.py's `clean_env` lists most.
_PREFIXES = ('EMCC_', 'EM_', 'EMMAKEN_', '_EM', 'PYTHON')
_NAMES = {'CPATH', 'C_INCLUDE_PATH', 'CPLUS_INCLUDE_PATH', 'OBJC_INCLUDE_PATH', 'CFLAGS', 'CXXFLAGS', 'CPPFLAGS',
          'LDFLAGS', 'CCC_OVERRIDE_OPTIONS', 'SOURCE_DATE_EPOCH', 'COMPILER_PATH', 'LIBRARY_PATH', 'RC_DEBUG_OPTIONS'}
#: Python in the SDK's process may decode paths differently (LC_ALL=ja_JP.eucJP), so it gets an encoding.
_UTF8 = [] if os.name == 'nt' else ['-X', 'utf8=1']
#: SOURCE_DATE_EPOCH of every compile: mimalloc's `options.c` embeds its build time, which would differ from
#: build to build, also with embuilder. 1980 is the earliest time in zip archives.
EPOCH = '315532800'


def pure_environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """This process's environment without variables that could change a result, plus `extra`."""
    env = {name: value for name, value in os.environ.items() if name not in _NAMES and not name.startswith(_PREFIXES)}
    return {**env, 'EMCC_LOGGING': '0', 'EM_FORCE_RESPONSE_FILES': '0', 'PYTHONDONTWRITEBYTECODE': '1',
            'SOURCE_DATE_EPOCH': EPOCH, **(extra or {})}


def programs_digest() -> str:
    """A digest of the programs in this directory: cached answers are valid while it is the same."""
    programs = sorted(path for path in PROGRAM.parent.glob('*.py') if path.name != '__init__.py')
    return digest_record([[path.name, digest_file(path)] for path in programs])


def ask(python: Sequence[str], root: Path, question: str, env: Mapping[str, str], *, program: Path = PROGRAM,
        bytecode: Path | None = None, output: Path | None = None, **request: Any) -> dict[str, Any]:
    """Send one question of `program.py: QUESTIONS` to the SDK at `root`, or run another program with the same protocol.

    `bytecode`: a directory for the SDK's compiled modules, which halves the time of later queries; without it they are
    compiled each time. Nothing is written into the SDK. `output`: an empty directory for files that the SDK writes; it is
    emptied before a retry.

    Raises `SdkError` with the last line of the SDK's output if it fails, or takes longer than `SECONDS`.
    """
    import tempfile  # lazy import: most answers are cached
    with tempfile.TemporaryDirectory(prefix='emroot-probe-') as directory:
        request_file, answer_file = Path(directory, 'request.json'), Path(directory, 'answer.json')
        # Paths for a Python with UTF-8 file names: the same bytes, decoded differently.
        asked = _recoded({'root': str(root), 'question': question, **request},
                         lambda text: os.fsencode(text).decode(errors='surrogateescape'))
        request_file.write_text(json.dumps(asked), encoding='utf-8')
        from ..host.bytecode import note_bytecode, prepare_bytecode  # here: it is no input of Bazel's actions, which ask nothing
        known = prepare_bytecode(bytecode) if bytecode else {}
        kept = ['-X', f'emroot_bytecode={bytecode}'] if bytecode else []
        command = [*python, '-I', '-B', *_UTF8, *kept, str(program), str(request_file), str(answer_file)]
        code, printed = _run(command, env, directory, root, question)
        if code != 0 or not answer_file.is_file():
            if short := from_shortage(printed, f'querying the SDK for "{question}"'):
                raise short
            if bytecode and is_of_half_a_module(printed):
                remove_tree(bytecode)  # Python leaves half a file where the disk was full, and fails on it from then on
                if output:
                    remove_tree(output)
                    output.mkdir()
                return ask(python, root, question, env, program=program, output=output, **request)
            refuse_missing_seam(root, code, printed)
            raise SdkError(f'the SDK at {root} does not answer "{question}": {last_line(printed)}',
                           hint='check it with `emroot sdk show -v`, or get an SDK with `emroot sdk install`')
        if bytecode:
            note_bytecode(bytecode, known)
        answer: dict[str, Any] = _recoded(json.loads(answer_file.read_text(encoding='utf-8')),
                                          lambda text: os.fsdecode(text.encode(errors='surrogateescape')))
    if answer.pop('schema', None) != schemas.PROBE:
        raise SdkError('the probe answered with another schema', hint='reinstall emroot: its files are of different versions')
    return answer


def is_of_half_a_module(printed: str) -> bool:
    """Whether Python says of a compiled module that it ends too early, in the words of its `marshal.c`."""
    return 'marshal data' in printed or 'EOF read where' in printed


def _run(command: Sequence[str], env: Mapping[str, str], cwd: str, root: Path, question: str) -> tuple[int, str]:
    """Run a program in the SDK's Python: its exit code and what it printed. Raises `SdkError` if it cannot, or takes too long."""
    import subprocess
    seconds = _seconds()
    try:
        done = subprocess.run(command, env=dict(env), cwd=cwd, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False, timeout=seconds)
    except subprocess.TimeoutExpired as error:
        raise SdkError(f'the SDK at {root} did not answer "{question}" in {seconds:.0f} s, and was stopped',
                       hint='a disk or a server may not respond, or a file may be a pipe; try '
                            f'another home (--home), or allow more time with {SECONDS_VARIABLE}') from error
    except OSError as error:
        blame_shortage(error, f'querying the SDK for "{question}"')
        raise SdkError(f'the SDK at {root} cannot be queried: {command[0]}: {error.strerror}',
                       hint='set EMSDK_PYTHON to a Python 3.10 or later') from error
    return done.returncode, done.stdout.decode(errors='replace').strip()


def refuse_missing_seam(root: Path, code: int, output: str) -> None:
    """Raise `SdkError` if a program ended with this exit code because the SDK lacks a name that it needs (`seams.py`)."""
    from .seams import EXIT  # here: it is no input of Bazel's actions, which ask nothing
    if code == EXIT:
        raise SdkError(f'the SDK at {root} cannot be used: {last_line(output).removeprefix("error: ")}',
                       hint='use another version of Emscripten (`emroot sdk install --version V`) or a newer emroot; '
                            '`emroot doctor` shows all that this one lacks')


def _seconds() -> float:
    given = os.environ.get(SECONDS_VARIABLE, '')
    try:
        seconds = float(given or SECONDS)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < math.inf:
        raise UsageError(f'{SECONDS_VARIABLE} is {given!r}', hint=f'set it to seconds, for example {SECONDS_VARIABLE}=3600')
    return seconds


def _recoded(value: Any, recode: Callable[[str], str]) -> Any:
    """All texts in a value recoded, unless this process decodes paths as UTF-8, too."""
    if sys.getfilesystemencoding() == 'utf-8':
        return value
    if isinstance(value, str):
        return recode(value)
    if isinstance(value, Mapping):
        return {recode(key): _recoded(item, recode) for key, item in value.items()}
    return [_recoded(item, recode) for item in value] if isinstance(value, (list, tuple)) else value
