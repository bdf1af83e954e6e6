"""Repeats a lazy link, without starting emroot, where an earlier one proves that it needs no other object (see `hook.py`).

`lazy_link/link_records.py` leaves a record in the cache directory: the archives with stubs of an earlier link, the members
that it loaded, and the names that it looked for, of which no stub can be the definition. A link with the same options but other
objects may use these archives. It ends as with whole archives if the linker loads no other member of them, if its own objects
look for no other name, and if they define what libraries took from the objects of the earlier link (`open`); with `lto`, if what
code generation makes of all these looks for no other name, either, or for one that a loaded member defines whose bitcode did
(`between`). If the stubs define all that their members do (`bounded`), it is enough that the linker loads none. Otherwise the
link is made as if there were no record.

It runs in the SDK's Python (3.8 or later) and imports nothing of emroot.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import tempfile
from typing import Any, Iterable, Iterator, Mapping, NamedTuple, Sequence

#: The records of a cache directory, each a directory with `RECORD` and the archives.
LINKS = os.path.join('.emroot', 'lazy', 'links')
RECORD = 'link.json'
#: Bytes at the beginning of inputs.
_ARCHIVE, _STUBS, _BITCODE, _DYLINK = b'!<arch>\n', b'#STUB', (b'BC\xc0\xde', b'\xde\xc0\x17\x0b'), b'dylink'
_MODULE = b'\0asm'
#: Characters of a command line that every system takes.
_LONG = 30000


class Template(NamedTuple):
    """What a linker's command has in common with others of the same kind."""

    words: list[str]
    """The words without the objects and the output; instead of a list of JavaScript functions, its digest."""
    output: int
    """The index of the output among the words of the command."""
    stubs: set[str]
    """The lists of JavaScript functions, as the command names them."""
    bitcode: list[str]
    """The objects that are bitcode, as the command names them."""
    shared: bool
    """Whether an object is a shared library."""

    def key(self, identity: str) -> str:
        """The name of its record. `identity`: of the SDK, and of what else decides about bytes."""
        return hashlib.sha256('\0'.join([identity, *self.words]).encode(errors='surrogateescape')).hexdigest()[:32]


def read_template(command: Sequence[str], cwd: str) -> Template:
    """The template of a command of wasm-ld. Raises `OSError` if an input cannot be read."""
    words: list[str] = []
    stubs: set[str] = set()
    bitcode: list[str] = []
    output, shared = 0, False
    for at, word in enumerate(command[1:], 1):
        path = os.path.join(cwd, word)
        if command[at - 1] == '-o':
            output = at
        elif word.startswith('-') or not os.path.isfile(path):
            words.append(os.path.join(cwd, word[2:]) if word.startswith('-L') else word)
        else:
            with open(path, 'rb') as f:
                begins = f.read(32)
            if begins.startswith(_ARCHIVE):
                words.append(path)
            elif begins.startswith(_STUBS):
                with open(path, 'rb') as f:
                    words.append(hashlib.sha256(f.read()).hexdigest())
                stubs.add(word)
            else:
                shared = shared or _DYLINK in begins
                if begins.startswith(_BITCODE):
                    bitcode.append(word)
    return Template(words, output, stubs, bitcode, shared)


def repeat_link(command: Sequence[str], cwd: str, cache: str, identity: str, missing: Iterable[str],
                lto_objects: Any, wasm_symbols: Any) -> tuple[int, str] | None:
    """Make a link again that lacks the libraries `missing` (paths). `lto_objects`, `wasm_symbols`: the modules of these names.
    Returns the linker's exit code, and what it wrote to standard error; or None if the link is to be made without a record."""
    template = read_template(command, cwd)
    directory = os.path.join(cache, LINKS, template.key(identity))
    try:
        with open(os.path.join(directory, RECORD), encoding='utf-8') as f:
            record = json.load(f)
    except (OSError, ValueError):
        return None
    lacking = set(missing)  # others were built since: the linker takes these
    lto = '' if record['bounded'] else record['lto']
    if not lacking <= set(record['archives']) or 'LLD_REPRODUCE' in os.environ:
        return None
    kinds = (lto_objects.bitcode_kind(_read(os.path.join(cwd, word))) for word in template.bitcode)
    if not record['bounded'] and (template.shared or any(kind != lto for kind in kinds)):
        return None
    private = {path: os.path.join(directory, record['archives'][path]) for path in lacking}
    taken = {word: os.path.join(directory, name) for word, name in record['words'].items()}
    words = [taken[word] if taken.get(word) in private.values() else word for word in command]
    with tempfile.TemporaryDirectory(prefix='emroot-') as aside:
        words[template.output] = os.path.join(aside, os.path.basename(command[template.output]))
        keeping = lto_objects.keeping_options(lto, aside) if lto else []
        if sum(map(len, words)) > _LONG:
            return None
        done = _run([words[0], '--trace', *words[1:], *keeping], cwd)
        loaded = list(read_trace(os.fsdecode(done.stdout)))
        messages = os.fsdecode((_run(words, cwd) if done.returncode and lto == lto_objects.THIN else done).stderr)
        if done.returncode and not _may_fail(done.returncode, messages, record, private):
            return None
        failed_early = done.returncode and not loaded  # before it looked at any input: a library is not to be found
        made = lto_objects.kept_objects(lto, words[template.output]) if lto else []
        if not failed_early and not _is_covered(loaded, made, record, directory, template.stubs, cwd, cache, lto_objects,
                                                wasm_symbols):
            return None
        if not done.returncode:
            shutil.move(words[template.output], os.path.join(cwd, command[template.output]))
    os.utime(directory)  # the records that were used last are kept
    for path, file in private.items():
        messages = messages.replace(file, path)
    return done.returncode, messages


def _run(words: Sequence[str], cwd: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(words, cwd=cwd, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)


def _may_fail(code: int, messages: str, record: dict[str, Any], private: Mapping[str, str]) -> bool:
    """Whether a failure may be that of whole archives: not a crash, and not about a stub or an archive. Where an index says what
    members define, it is compared with the sources first, which needs emroot."""
    compiled = (member in record['real'][os.path.basename(file)] for file in private.values()
                for member in re.findall(re.escape(file) + r'(?:\(([^)]*))?', messages))
    return code > 0 and 'error: ' in messages and not record['exact'] and all(compiled)


def _is_covered(loaded: Iterable[tuple[str, str]], made: Sequence[str], record: dict[str, Any], directory: str, stubs: set[str],
                cwd: str, cache: str, lto_objects: Any, wasm_symbols: Any) -> bool:
    """Whether a link that loaded these files and members, and of which code generation `made` objects, needs nothing that the
    archives of the record, in `directory`, lack."""
    own: dict[str, set[str]] = {}  # by file of the project, the members that were loaded; of an object ''
    of_libraries: set[tuple[str, str]] = set()
    for file, member in loaded:
        path = os.path.join(cwd, file)
        folder, name = os.path.split(path)
        if folder == directory and record['bounded']:
            if member not in record['real'][name]:
                return False
        elif member and path.startswith(os.path.join(cache, '')):
            of_libraries.add((name, member))
            if not record['bounded'] and member not in record['loaded'].get(name, ()):
                return False
        elif file not in stubs:
            own.setdefault(path, set()).add(member)
    if record['bounded']:
        return True
    if any(members != {''} and lto_objects.bitcode_kind(_read(path)) not in ('', record['lto']) for path, members in own.items()):
        return False
    looked_for: set[str] = set()
    called: set[str] = set()
    defined: set[str] = set()
    for file, name, is_defined in read_symbols(record['nm'], [*own, *made], wasm_symbols):
        path, _, member = (file, '', '') if file in own else file[:-1].rpartition('[')
        if file in made:
            called.update([] if is_defined else [name])
        elif member in own.get(path, ()):
            (defined if is_defined else looked_for).add(name)
    between = {name for name, (file, member) in record['between'].items() if (file, member) in of_libraries}
    known = defined.union(record['names'])
    return looked_for <= known and called <= known | between and defined >= set(record['open'])


def _read(file: str) -> bytes:
    with open(file, 'rb') as f:
        return f.read()


def _read_module(file: str) -> bytes:
    """The content of a file in WebAssembly; nothing of others, which may be large archives."""
    with open(file, 'rb') as f:
        begins = f.read(len(_MODULE))
        return begins + f.read() if begins == _MODULE else b''


def read_trace(trace: str) -> Iterator[tuple[str, str]]:
    """The files and members that a link loaded, from the output of `wasm-ld --trace`: `FILE` or `FILE(MEMBER)`. The member of a
    file that is no archive is empty."""
    for line in trace.splitlines():
        file, _, member = line[:-1].rpartition('(') if line.endswith(')') else (line, '', '')
        if file:
            yield file, member


def read_symbols(nm: str, files: Iterable[str], wasm_symbols: Any) -> Iterator[tuple[str, str, bool]]:
    """The external symbols of files: the file (`ARCHIVE[MEMBER]`), the name, and whether it is defined. Only those that
    `wasm_symbols` leaves (archives, bitcode, large objects) are given to llvm-nm. Raises `OSError` if a file cannot be read."""
    left = []
    for file in files:
        found = wasm_symbols.read_symbols(_read_module(file))
        if found is None:
            left.append(file)
        else:
            yield from ((file, name, is_defined) for name, is_defined in found)
    if left:
        done = subprocess.run([nm, '--portability', '--no-sort', '--quiet', '--print-file-name', *left], stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False)
        if done.returncode != 0:
            raise OSError('llvm-nm: exit code %d' % done.returncode)
        yield from parse_nm(os.fsdecode(done.stdout).splitlines())


def parse_nm(lines: Iterable[str]) -> Iterator[tuple[str, str, bool]]:
    """The same, of lines `FILE: NAME LETTER VALUE SIZE` and `FILE[MEMBER]: NAME LETTER`."""
    for line in lines:
        file, _, about = line.rpartition(': ')
        name, _, rest = about.partition(' ')
        if file and rest and (rest[0].isupper() or rest[0] in 'wv'):
            yield file, name, rest[0] not in 'Uwv'
