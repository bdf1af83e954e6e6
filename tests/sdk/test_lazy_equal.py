"""Lazy links of many programs, third-party ones among them, give the bytes of whole ones, and run."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from lazy_programs import BY_CHANCE, CXX, PROGRAMS, PROJECTS, WITHOUT_INDEX, C, Program
from lazy_support import Lazy, lazy_home, plan_of
from support.downloads.sources import SourceUnavailable, copy_source
from support.running import Emroot, cannot_run

from emroot.engine.execution.elf import needed_libraries
from emroot.sdk import Sdk


@pytest.fixture(scope='module')
def common(sdk_root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory for the homes and caches of all comparisons with one SDK, which take minutes to make anew each time."""
    return tmp_path_factory.mktemp('common')


@pytest.mark.slow
@pytest.mark.parametrize('program', PROGRAMS, ids=[program.name for program in PROGRAMS])
def test_a_lazy_link_gives_the_bytes_of_a_whole_one(program: Program, common: Path, shared: Emroot, sdk: Sdk, tmp_path: Path):
    print(program.name, _compare(program, Lazy(sdk, shared, common), tmp_path, indexes=True))


@pytest.mark.slow
@pytest.mark.parametrize('program', WITHOUT_INDEX, ids=[program.name for program in WITHOUT_INDEX])
def test_a_predicted_link_gives_the_bytes_of_a_whole_one(program: Program, common: Path, shared: Emroot, sdk: Sdk,
                                                         tmp_path: Path):
    """The hints that come with emroot are of another mode or variant. Archives that the SDK ships have indexes."""
    said = _compare(program, Lazy(sdk, shared, common), tmp_path, indexes=False)
    print(program.name, said)
    plan = plan_of(shared.home, sdk.root, [program.driver, *program.flags.split()])
    shipped = all((sdk.root / 'cache' / archive.path).is_file() for archive in plan.archives)
    assert 'without an index' in said or shipped


@pytest.mark.slow
@pytest.mark.parametrize('program', BY_CHANCE, ids=[program.name for program in BY_CHANCE])
def test_a_program_made_by_chance_gets_the_same_bytes(program: Program, common: Path, shared: Emroot, sdk: Sdk, tmp_path: Path):
    print(program.name, _compare(program, Lazy(sdk, shared, common), tmp_path, indexes=False))


@pytest.mark.slow
def test_a_release_of_which_nothing_is_known_can_be_predicted_too(common: Path, shared: Emroot, sdk: Sdk, tmp_path: Path,
                                                                  without_shipped: dict[str, str]):
    """Without the hints that come with emroot, there is not even a relative."""
    said = _compare(Program('emcc', '-sMEMORY64 -sDEFAULT_TO_CXX=0', 'hello'), Lazy(sdk, shared, common), tmp_path, indexes=False,
                    env=without_shipped)
    assert 'without an index' in said


def _compare(program: Program, linking: Lazy, directory: Path, *, indexes: bool, env: dict[str, str] | None = None) -> str:
    """Link a program lazily, where all objects are there already, and whole; what emroot said of the former."""
    if '-flto' in program.flags and not needed_libraries(linking.sdk.tools['clang']):
        pytest.skip('the linker of the SDK with a static compiler does not read its bitcode (`dev.py static-sdk`)')
    sdk, shared, words, inputs = linking.sdk, linking.shared, [program.driver, *program.flags.split()], _inputs(program,
            directory)
    linking.forget()
    written = shared('index', 'export', '-j1', '--for', ' '.join(words), '--cache', linking.directory / 'whole cache',
                     '-o', directory / 'file')
    assert written.code == 0, written.err
    lazily = lazy_home(linking.directory / f'home {indexes}', shared, [plan_of(shared.home, sdk.root, words)], objects=True,
                       indexes=indexes)
    try:
        whole = linking.whole(words, inputs)
    except subprocess.CalledProcessError as error:
        pytest.skip(f'plain emcc cannot link it here: {error.stderr.decode(errors="replace").strip().splitlines()[-1]}')
    made, said = linking.lazy(lazily, words, inputs, options=[] if indexes else ['--lazy', 'predict'], env=env)
    assert said, 'it was linked with whole libraries'
    assert made.keys() == whole.keys()
    assert [name for name in made if made[name] != whole[name]] == []
    if '-sMEMORY64' in words and sdk.node_version < (24,):
        cannot_run(f'wasm64 programs need Node 24, the SDK has {sdk.node_version}; they were compared, though')
    arguments = PROJECTS[program.source].arguments.split() if program.source in PROJECTS else []
    ran = subprocess.run([*sdk.node, 'app.js', *arguments], cwd=linking.directory / 'lazy', stdin=subprocess.DEVNULL,
                         capture_output=True, check=False, timeout=60)
    if b'wasmTable.get(toIndexType(' in ran.stderr and '-sMEMORY64' in words:
        pytest.skip('plain emcc makes the same bytes, and its wasm64 tables are not those of this Node: Emscripten 3.1 has such')
    assert ran.returncode == 0, ran.stderr
    return said


def _inputs(program: Program, directory: Path) -> dict[str, str]:
    own = (CXX if program.driver == 'em++' else C).get(program.source)
    if own is not None:
        return {'main.cpp' if program.driver == 'em++' else 'main.c': own}
    project = PROJECTS[program.source]
    try:
        source = copy_source(project.package, directory / 'source')
    except SourceUnavailable as error:
        cannot_run(str(error))
    sources = [path for pattern in project.sources.split() for path in sorted(source.glob(pattern))
               if path.name not in project.without.split()]
    headers = {path.relative_to(source / top).as_posix(): path for top in ('.', *project.includes.split())
               for path in sorted((source / top).glob('*.h'))}
    assert len(sources) > 1
    return {**{name: path.read_text(encoding='latin-1') for name, path in headers.items()},
            **{path.name: project.before + path.read_text(encoding='latin-1') for path in sources},
            **({'main.c': project.main} if project.main else {})}
