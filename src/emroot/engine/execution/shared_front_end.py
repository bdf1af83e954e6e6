"""One run of clang's front end for the object, the LTO bitcode and the ThinLTO bitcode of a source, which differ in nothing but
`-flto`. It is half of a compile in C, and three quarters in C++.

The front end writes its module as bitcode, before any pass (`-disable-llvm-passes`), in the order of its uses
(`-emit-llvm-uselists`), and with the types of vtables that link-time optimisation asks for (`-flto-unit`). What follows is run
for each kind, from that bitcode. For an object, the types are removed first. For LTO, the names of local values are removed from
the result: clang discards them, but not if it starts from bitcode. Both is done by `bitcode.c`.

Nothing is shared without debug information (what clang does to such bitcode when it reads it is seen in its own), without
optimisation (for LTO, debug information says that there is some), and with sanitizers (which use names of local values). An
output does not count if a pass has given a number to a new symbol whose name was taken (`table.1`): only the front end knows
which number is next.

The bytes are those of ordinary compiles. Whether this holds for a compiler is tried once, with a small source.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ... import schemas
from ...hashing import digest_record
from ...host.files import read_file, remove, write_bytes, write_text
from ...host.home import read_json, write_json
from .front_end import FrontEndCommands
from .pool import Finished

if TYPE_CHECKING:
    from ..reuse.included_files import IncludedFiles
    from .bitcode import BitcodeEditor
    from .forkserver import ForkServer, ForkServers

MAGIC = b'BC\xc0\xde'
#: What the front end may be asked to write.
_ACTIONS = ('-emit-obj', '-emit-llvm-bc')
#: Its options about the list of dependencies, and whether they have a value.
_DEPENDENCIES = {'-dependency-file': True, '-MT': True, '-sys-header-deps': False}
_OPTIMISED = {'-O1', '-O2', '-O3', '-Os', '-Oz'}
#: In a name: it was taken.
_NUMBERED = re.compile(rb'\.\d+(\.|$)')
#: Begins the names of symbols in objects that are private in bitcode.
_PRIVATE = b'.L'
_NOT_RUN = Finished(1, b'', 0.0, 0.0)
_KINDS: tuple[tuple[str, ...], ...] = ((), ('-flto',), ('-flto=thin',))
_TRIED = '''
struct Base { virtual ~Base(); virtual int value(int a) const; int unused = 0; };
struct Derived final : Base { int value(int a) const override; static int made; };
namespace { struct Local : Base { int value(int a) const override { return a + unused; } } local; }
template <typename T> inline T twice(T x) { static T last = x; T sum = last + x; last = sum; return sum; }
extern "C" int outer(const char *text, int (*call)(int));
extern "C" __attribute__((weak)) int weak_one(int first, int second) { return first * second; }
static thread_local int counted;
int Derived::made = outer("made", nullptr);
Base::~Base() {}
int Base::value(int a) const { return a; }
int Derived::value(int a) const {
  int sum = 0;
  for (int i = 0; i < a; ++i) sum += i & 1 ? twice(i) : static_cast<int>(twice(0.5 * i));
  auto add = [&](int b) { return sum + b + ++counted; };
  return outer(__PRETTY_FUNCTION__, [](int c) { return weak_one(c, 3) + local.value(c); }) + add(made);
}
extern int (*const also)(int, int);
int (*const also)(int, int) = weak_one;
struct A { virtual ~A(); virtual int of(int) const = 0; };
struct B : virtual A { int of(int) const override; };
struct C : B { ~C() override; int of(int) const override; int x; };
namespace { struct D : C { int of(int) const override { return 3; } }; }
A::~A() {}
C::~C() { x = 1; }
int B::of(int y) const { return y; }
int C::of(int y) const { return x + y; }
A *made() { return new D; }
bool is(A *a) { return dynamic_cast<D *>(a) != nullptr; }
'''


def without_lto(argv: Sequence[str]) -> tuple[str, ...]:
    """What has to be equal in compiles that share a run of the front end."""
    return tuple(word for word in argv if not word.startswith('-flto'))


class SharedModule:
    """The module of one source, for compiles that differ in nothing but `-flto` and run one after the other."""

    def __init__(self, compiles: int) -> None:
        """`compiles`: their number."""
        self.left = compiles
        #: False after a failure: the others run in the ordinary way.
        self.works = True
        #: What the front end read; set by the caller after the first compile.
        self.files: IncludedFiles | None = None
        self.file: Path | None = None
        self.command: list[str] = []
        self.ran: Finished | None = None
        self.names: set[bytes] = set()
        """Of its symbols."""

    def end_compile(self) -> None:
        """One of the compiles is done, or was not needed. After the last one the file is removed."""
        self.left -= 1
        if self.left == 0 and self.file:
            remove(self.file)


class SharedFrontEnd:
    """Compiles of one compiler that share runs of its front end, in fork servers."""

    def __init__(self, servers: ForkServers, env: Mapping[str, str], compiler: str, *, programs: Path, scratch: Path,
                 verdicts: Path, note: Callable[[str], None]) -> None:
        """`compiler`: its identity. `programs`: the directory of programs in C. `verdicts`: the file that records for which
        compilers the bytes are right; if it is lost, they are tried again."""
        self._servers, self._env, self._programs, self._scratch, self._verdicts = servers, env, programs, scratch, verdicts
        self._key = digest_record({'schema': schemas.SHARED_FRONT_END, 'compiler': compiler})
        self._note = note
        self._editor: BitcodeEditor | None = None
        self._right: bool | None = None
        self._lock = threading.Lock()

    def compile(self, command: Sequence[str], cwd: Path | str, module: SharedModule) -> Finished | None:
        """Run a compile, with the front end if it is the first of its module. Its processor time is that of a compile of its own.
        None if it has to run in the ordinary way."""
        if not module.works or self._right is False or (module.ran is None and module.left < 2):
            return None
        out = Path(command[command.index('-o') + 1])
        module.file = module.file or self._scratch / f'{out.stem}.bc'
        first = module.ran is None

        def run(server: ForkServer) -> Finished | None:
            if not self._is_right(server, command[0]) or self._editor is None:
                return _NOT_RUN
            return _run(server, command, cwd, module, self._servers.front_end, self._editor)
        done = self._servers.use(command[0], self._env, run)
        if done is None and module.ran is None:
            return None  # no compiler is loaded yet
        if done is None or done.code or module.ran is None or not (self._editor and _finish(self._editor, module, out)):
            module.works = False
            return None
        seconds = done.seconds + (module.ran.seconds if first else 0.0)
        return Finished(0, module.ran.output + done.output, seconds, module.ran.processor + done.processor)

    def _is_right(self, server: ForkServer, compiler: str) -> bool:
        """Whether the bytes are right, as far as one source shows."""
        with self._lock:
            if self._right is None:
                self._right = self._find_verdict(server, compiler)
                how = 'share' if self._right else 'do not share'
                self._note(f'compiles that differ in nothing but -flto {how} a run of the front end')
            return self._right

    def _find_verdict(self, server: ForkServer, compiler: str) -> bool:
        from .bitcode import BitcodeEditor  # lazy import: ctypes
        try:
            self._editor = BitcodeEditor(self._programs)
            known = (read_json(self._verdicts) or {}).get(self._key)
            if isinstance(known, bool):
                return known
            right = self._try(server, compiler, self._editor)
        except OSError:
            return False
        if right is not None:
            write_json(self._verdicts, {**(read_json(self._verdicts) or {}), self._key: right})
        return bool(right)

    def _try(self, server: ForkServer, compiler: str, editor: BitcodeEditor) -> bool | None:
        """Compare the bytes for one source. None if the compiler could not be run."""
        write_text(self._scratch / 'shared.cpp', _TRIED)
        out, module, commands = self._scratch / 'shared.o', SharedModule(len(_KINDS)), FrontEndCommands()
        module.file = self._scratch / 'shared.bc'
        for kind in _KINDS:
            command = [compiler, '--target=wasm32-unknown-emscripten', '-O2', '-g', *kind, '-c', 'shared.cpp', '-o', out.name]
            ordinary = server.run(command, self._scratch)
            expected = read_file(out)
            if ordinary is None or ordinary.code or expected is None:
                return None
            remove(out)
            done = _run(server, command, self._scratch, module, commands, editor)
            if done is None or done.code or not _finish(editor, module, out) or read_file(out) != expected:
                return False
        return True


def _run(server: ForkServer, command: Sequence[str], cwd: Path | str, module: SharedModule, known: FrontEndCommands,
         editor: BitcodeEditor) -> Finished | None:
    """Run what follows the front end, after the front end where the module is not made. None if the server has ended."""
    words = server.front_end_command(command, cwd, known, at_once=True)
    if module.file is None or not _is_understood(words) or _compared(words) != _compared(module.command or words):
        return _NOT_RUN
    if module.ran is None:
        ran = server.run_front_end(_front_end(words, str(module.file)), cwd)
        if ran is None or ran.code:
            return ran
        names = editor.names(read_file(module.file) or b'')
        if names is None:
            return _NOT_RUN
        module.command, module.ran, module.names = words, ran, names
    if '-emit-llvm-bc' in words:
        return server.run_front_end(_back_end(words, str(module.file)), cwd)
    typeless = _without_types(editor, module.file)
    done = server.run_front_end(_back_end(words, str(typeless)), cwd) if typeless else _NOT_RUN
    if typeless and typeless != module.file:
        remove(typeless)
    return done


def _without_types(editor: BitcodeEditor, file: Path) -> Path | None:
    """A module without types of vtables: the same file if it has none, or another one. None if that fails."""
    content = read_file(file)
    without = editor.remove_types(content) if content else None
    if without is None or without == content:
        return file if without else None
    other = file.with_suffix('.typeless.bc')
    try:
        write_bytes(other, without)
    except OSError:
        return None  # the ordinary compile says why
    return other


def _finish(editor: BitcodeEditor, module: SharedModule, out: Path) -> bool:
    """Make an output what an ordinary compile would have made. False if that fails."""
    content = read_file(out)
    names = editor.names(content) if content else None
    if content is None or names is None or any(map(_NUMBERED.search, _new_names(names, module.names))):
        return False
    if not content.startswith(MAGIC):
        return True
    without = editor.remove_local_names(content)
    try:
        if without not in (None, content):
            write_bytes(out, without or b'')
    except OSError:
        return False  # the ordinary compile says why
    return without is not None


def _new_names(names: set[bytes], known: set[bytes]) -> set[bytes]:
    return {name for name in names - known if name.removeprefix(_PRIVATE) not in known}


def _is_understood(words: Sequence[str]) -> bool:
    """Whether a command of the front end compiles its last word to a file, and the bytes may be right."""
    suits = (any(word.startswith('-debug-info-kind=') for word in words) and not _OPTIMISED.isdisjoint(words)
             and '-discard-value-names' in words and not any(word.startswith('-fsanitize') for word in words))
    return suits and sum(map(words.count, _ACTIONS)) == words.count('-o') == words.count('-x') == 1 and words[-3] == '-x'


def _compared(words: Sequence[str]) -> list[str]:
    """What has to be equal in commands of the front end that share a run of it."""
    at = words.index('-o')
    return [word for word in without_lto(_without_dependencies([*words[:at], *words[at + 2:]])) if word not in _ACTIONS]


def _front_end(words: Sequence[str], module: str) -> list[str]:
    """The command that writes the module."""
    command = ['-emit-llvm-bc' if word in _ACTIONS else word for word in without_lto(words)]
    command[command.index('-o') + 1] = module
    return [*command[:-3], '-disable-llvm-passes', '-emit-llvm-uselists', '-flto-unit', *command[-3:]]


def _back_end(words: Sequence[str], module: str) -> list[str]:
    """The command that goes on from there."""
    return [*_without_dependencies(words)[:-2], 'ir', module]


def _without_dependencies(words: Sequence[str]) -> list[str]:
    left, skipped = [], False
    for word in words:
        if not skipped and word not in _DEPENDENCIES:
            left.append(word)
        skipped = not skipped and _DEPENDENCIES.get(word, False)
    return left
