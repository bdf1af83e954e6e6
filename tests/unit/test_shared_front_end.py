"""When compiles share a run of the front end, and when they do not: with a compiler that only says what it was asked."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest
from support.running import cannot_run

from emroot.engine.execution.front_end import FrontEndCommands
from emroot.engine.execution.pool import Finished
from emroot.engine.execution.shared_front_end import MAGIC, SharedFrontEnd, SharedModule

SUITABLE = ('-O2', '-debug-info-kind=constructor', '-discard-value-names')
KINDS = ((), ('-flto',), ('-flto=thin',))


class Compiler:
    """Stands for a fork server and all of them: its outputs name the source and the kind, `wrong` from a shared module."""

    def __init__(self) -> None:
        self.front_end, self.loaded, self.ends, self.wrong = FrontEndCommands(), True, False, False
        self.fails: Callable[[Sequence[str]], bool] = lambda _: False
        self.also: tuple[str, ...] = ()
        self.lacks = ''
        self.symbol = b'known'
        self.ran: list[list[str]] = []

    def use(self, compiler: str, env: Mapping[str, str], run: Callable[[Compiler], Finished | None]) -> Finished | None:
        return run(self) if self.loaded else None

    def run(self, command: Sequence[str], cwd: Path | str) -> Finished | None:
        (Path(cwd) / command[command.index('-o') + 1]).write_bytes(_object(_kind(command)))
        return Finished(0, b'', 1.0, 1.0)

    def front_end_command(self, command: Sequence[str], cwd: Path | str, known: FrontEndCommands, *,
                          at_once: bool = False) -> list[str]:
        out, source = command[command.index('-o') + 1], command[command.index('-c') + 1]
        lto = [word for word in command if word.startswith('-flto')]
        also = self.also if lto else ()
        action = ['-emit-llvm-bc', *lto, '-flto-unit'] if lto else ['-emit-obj']
        words = ['/clang', '-cc1', *action, *also, *SUITABLE,
                 '-dependency-file', '0.d', '-MT', out, '-sys-header-deps', '-o', out, '-x', 'c', source]
        return [word for word in words if word != self.lacks]

    def run_front_end(self, command: Sequence[str], cwd: Path | str) -> Finished | None:
        if self.ends:
            return None
        if self.fails(command):
            return Finished(1, b'failed', 1.0, 1.0)
        self.ran.append([*command])
        out = Path(cwd) / command[command.index('-o') + 1]
        if 'ir' not in command:
            out.write_bytes(MAGIC)
            return Finished(0, b'front ', 2.0, 1.0)
        out.write_bytes(_object(_kind(command) + (' wrong' if self.wrong else ''), self.symbol))
        return Finished(0, b'back', 1.0, 1.0)


def _object(kind: str, symbol: bytes = b'known') -> bytes:
    """An object in WebAssembly with one symbol, that says of which kind it is."""
    table = bytes([1, 1, 0x10, len(symbol)]) + symbol
    linking = b'\x07linking\x02\x08' + bytes([len(table)]) + table
    name = bytes([len(kind)]) + kind.encode()
    return b'\0asm\1\0\0\0' + b''.join(bytes([0, len(part)]) + part for part in (name, linking))


def _kind(command: Sequence[str]) -> str:
    return next((word for word in command if word.startswith('-flto') and word != '-flto-unit'), 'object')


Make = Callable[[], SharedFrontEnd]


@pytest.fixture
def compiler() -> Compiler:
    if not shutil.which('cc'):
        cannot_run('this takes a C compiler')
    return Compiler()


@pytest.fixture
def said() -> list[str]:
    """What is said in the log."""
    return []


@pytest.fixture
def make(compiler: Compiler, said: list[str], tmp_path: Path) -> Make:
    """Starts another build."""
    (tmp_path / 'scratch').mkdir()
    return lambda: SharedFrontEnd(compiler, {}, 'one', programs=tmp_path / 'programs', scratch=tmp_path / 'scratch',  # type: ignore[arg-type]
                                  verdicts=tmp_path / 'verdicts.json', note=said.append)


def _compile(shared: SharedFrontEnd, directory: Path, module: SharedModule, kind: tuple[str, ...]) -> Finished | None:
    command = ['clang', *kind, '-c', 'a.c', '-o', str(directory / 'a.o'), '-MD', '-MF', '0.d']
    return shared.compile(command, directory, module)


def test_the_front_end_runs_once_and_what_follows_for_each(compiler: Compiler, make: Make, tmp_path: Path):
    shared, module = make(), SharedModule(3)
    done = []
    for kind in KINDS:
        tried = len(compiler.ran)
        done.append(_compile(shared, tmp_path, module, kind))
        assert (tmp_path / 'a.o').read_bytes() == _object(kind[0] if kind else 'object')
        module.end_compile()
    assert tried == 4 + 3, 'four for the trial'
    base, *others = compiler.ran[4:]
    out, bitcode = str(tmp_path / 'a.o'), str(module.file)
    assert base == ['/clang', '-cc1', '-emit-llvm-bc', *SUITABLE, '-dependency-file', '0.d', '-MT', out,
                    '-sys-header-deps', '-o', bitcode, '-disable-llvm-passes', '-emit-llvm-uselists', '-flto-unit',
                    '-x', 'c', 'a.c']
    assert others == [['/clang', '-cc1', '-emit-obj', *SUITABLE, '-o', out, '-x', 'ir', bitcode],
                      ['/clang', '-cc1', '-emit-llvm-bc', '-flto', '-flto-unit', *SUITABLE, '-o', out, '-x', 'ir', bitcode],
                      ['/clang', '-cc1', '-emit-llvm-bc', '-flto=thin', '-flto-unit', *SUITABLE, '-o', out, '-x', 'ir', bitcode]]
    assert done == [Finished(0, b'front back', seconds, 2.0) for seconds in (3.0, 1.0, 1.0)]
    assert module.file and not module.file.exists()


def test_a_compiler_with_other_bytes_runs_each_of_its_own_and_is_not_tried_again(
        compiler: Compiler, make: Make, said: list[str], tmp_path: Path):
    compiler.wrong = True
    for _ in range(2):
        shared = make()
        assert [_compile(shared, tmp_path, SharedModule(3), kind) for kind in KINDS] == [None] * 3
        assert len(compiler.ran) == 2, 'the first of the trial'
    assert said == ['compiles that differ in nothing but -flto do not share a run of the front end'] * 2


def test_a_verdict_is_kept(compiler: Compiler, make: Make, tmp_path: Path):
    for count in (4 + 2, 2):
        compiler.ran.clear()
        assert _compile(make(), tmp_path, SharedModule(2), ())
        assert len(compiler.ran) == count


def test_one_that_is_alone_is_compiled_as_ever(compiler: Compiler, make: Make, tmp_path: Path):
    assert _compile(make(), tmp_path, SharedModule(1), ()) is None
    assert compiler.ran == []


def test_until_a_compiler_is_loaded_they_are_compiled_as_ever(compiler: Compiler, make: Make, tmp_path: Path):
    shared, module = make(), SharedModule(3)
    compiler.loaded = False
    assert _compile(shared, tmp_path, module, ()) is None
    module.end_compile()
    compiler.loaded = True
    assert all(_compile(shared, tmp_path, module, kind) for kind in KINDS[1:])


@pytest.mark.parametrize('part', ['-disable-llvm-passes', 'ir'])
def test_after_a_failure_the_others_are_compiled_as_ever(compiler: Compiler, make: Make, tmp_path: Path,
                                                         part: str):
    shared, module = make(), SharedModule(3)
    assert _compile(shared, tmp_path, SharedModule(2), ())
    compiler.fails = lambda command: part in command
    assert _compile(shared, tmp_path, module, ()) is None
    compiler.fails = lambda _: False
    ran = len(compiler.ran)
    assert _compile(shared, tmp_path, module, KINDS[1]) is None
    assert len(compiler.ran) == ran
    assert _compile(shared, tmp_path, SharedModule(2), ()), 'other sources share'


def test_a_server_that_ends_costs_nothing_but_time(compiler: Compiler, make: Make, tmp_path: Path):
    shared, module = make(), SharedModule(3)
    assert _compile(shared, tmp_path, module, ())
    compiler.ends = True
    assert _compile(shared, tmp_path, module, KINDS[1]) is None
    assert not module.works


def test_where_lto_changes_more_than_that_nothing_is_shared(compiler: Compiler, make: Make, tmp_path: Path):
    shared, module = make(), SharedModule(3)
    assert _compile(shared, tmp_path, module, ())
    compiler.also = ('-fno-something',)
    assert _compile(shared, tmp_path, module, KINDS[1]) is None
    assert (tmp_path / 'a.o').read_bytes() == _object('object'), 'nothing was run'


@pytest.mark.parametrize('word', SUITABLE)
def test_where_the_bytes_may_differ_nothing_is_shared(compiler: Compiler, make: Make,
                                                                     tmp_path: Path, word: str):
    shared = make()
    assert _compile(shared, tmp_path, SharedModule(3), ())
    compiler.lacks = word
    ran = len(compiler.ran)
    assert _compile(shared, tmp_path, SharedModule(3), ()) is None
    assert len(compiler.ran) == ran


@pytest.mark.parametrize(('symbol', 'right'), [
    (b'table', True), (b'table.x', True), (b'.Ltable.12', False), (b'table.1.cold', False)])
def test_an_output_with_a_new_number_does_not_count(compiler: Compiler, make: Make, tmp_path: Path, symbol: bytes, right: bool):
    shared = make()
    assert _compile(shared, tmp_path, SharedModule(2), ())
    compiler.symbol = symbol
    assert bool(_compile(shared, tmp_path, SharedModule(2), ())) == right
