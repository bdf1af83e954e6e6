"""A clone is data: what only its `emroot.toml` names is used after the user said so, and reaches no other project."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sys
import tomllib
from pathlib import Path

import pytest
from support.fake import make_fake_sdk, make_program
from support.remotes import PLAIN, remote_cache
from support.running import Emroot, Ran
from support.snapshots import counts, snapshot

from emroot.project.project_file import CacheSection, Project, json_schema, load_project
from emroot.project.trust import TRUST, names_code, untrusted_keys
from emroot.remote.action_cache import encode_record, record_name
from emroot.store import Store
from emroot.store.records import seal, unseal

EVIL = b'!<arch>\nevil'
#: Commands that look, and those that build; each is run in a hostile clone.
COMMANDS = [['sdk', 'show'], ['doctor'], ['list'], ['resolve', '--', 'em++'], ['report', '--json'], ['verify'], ['cache-key'],
            ['explain', 'wasm32/libone'], ['build'], ['build', '--targets', 'crt1'], ['env'],
            ['run', '--', sys.executable, '-c', '0'], ['export', '-o', 'out.tar'], ['publish', 'www'], ['gc', '--max-size', '5G'],
            ['index', 'export', '-o', 'x'], ['completion', 'bash'], ['__complete', 'build', '--targets', ''],
            ['verify', '--repair'], ['link', '--', 'em++', 'main.c', '-o', 'main.js']]


def _project(directory: Path, text: str) -> Path:
    directory.mkdir(parents=True, exist_ok=True)
    (directory / 'emroot.toml').write_text(text, encoding='utf-8')
    return directory


def _library(ran: Ran) -> bytes:
    assert ran.code == 0, ran.err
    return Path(ran.json['cache'], 'sysroot/lib/wasm32-emscripten/libone.a').read_bytes()


def _forged_remote(directory: Path, emroot: Emroot) -> Path:
    """A remote that names other bytes under the right key of libone, sealed as emroot seals."""
    assert emroot('build', '--targets', 'libone').code == 0
    key = emroot('explain', 'wasm32/libone', '--json').json['key']
    record = Store(emroot.home / 'store').read('archive', key)
    assert record
    digest = hashlib.sha256(EVIL).hexdigest()
    lying = encode_record({**record, 'digest': digest, 'size': len(EVIL)}, 'archive', key)
    for name, content in ((record_name('archive', key), lying), (f'cas/{digest}', EVIL)):
        (directory / name).parent.mkdir(parents=True, exist_ok=True)
        (directory / name).write_bytes(content)
    return directory


def _forged_base(directory: Path, emroot: Emroot) -> Path:
    """A base whose record of libone names other bytes."""
    assert emroot('build', '--targets', 'libone', '--cache', directory).code == 0
    library = directory / 'sysroot/lib/wasm32-emscripten/libone.a'
    library.unlink()
    library.write_bytes(EVIL)
    mark = directory / '.emroot/sysroot/lib/wasm32-emscripten/libone.a.json'
    of = ('placed', 'sysroot/lib/wasm32-emscripten/libone.a')
    said = unseal(json.loads(mark.read_text()), *of)
    assert said
    mark.unlink()
    mark.write_text(json.dumps(seal({**said, 'digest': hashlib.sha256(EVIL).hexdigest()}, *of)))
    return directory


@pytest.fixture
def hostile(fake: Emroot, tmp_path: Path) -> Path:
    """A clone with every key of its file hostile: its SDK's programs leave a mark when they run."""
    clone = tmp_path / 'clone'
    sdk = make_fake_sdk(clone / 'upstream')
    trap = f'#!{sys.executable}\nopen({str(tmp_path / "ran")!r}, "a").write(__file__)\nraise SystemExit(1)\n'
    for name in ('clang', 'clang++', 'llvm-ar', 'wasm-ld', 'node', 'python3'):
        make_program(clone / 'upstream/llvm' / name, trap)
        make_program(clone / name, trap)
    (clone / 'python/3/bin').mkdir(parents=True)
    make_program(clone / 'python/3/bin/python3', trap)
    (sdk / '.emscripten').write_text(f'open({str(tmp_path / "ran")!r}, "a")\nLLVM_ROOT = {str(clone / "upstream/llvm")!r}\n')
    (clone / 'port.py').write_text(f'open({str(tmp_path / "ran")!r}, "a")\n')
    (clone / 'ports').mkdir()
    forger = fake.machine(tmp_path / 'forger')
    _forged_remote(clone / 'pub', forger)
    _forged_base(clone / 'base', forger)
    return _project(clone, 'sdk = "upstream/emscripten"\nbuilder = "embuilder"\nports-from = "ports"\n'
                           f'remote = "rw+{tmp_path / "stolen"}"\nremote-key = "port.py"\nbase = "base"\ncomplete = true\n'
                           '[[cache]]\nfeatures = ["wasm64"]\ntargets = ["libone", "port.py"]\n'
                           'for = ["em++ --use-port=port.py", "emcc @flags"]\n')


def test_every_key_of_a_project_is_hostile_in_the_clone(hostile: Path):
    """A key that is new is to be added there."""
    said = tomllib.loads((hostile / 'emroot.toml').read_text())
    properties = json_schema()['properties']
    assert said.keys() == properties.keys()
    assert said['cache'][0].keys() == properties['cache']['items']['properties'].keys()


@pytest.mark.parametrize('kind', ['a directory', 'the web'])
def test_nothing_of_a_hostile_clone_runs_and_nothing_leaves(hostile: Path, fake: Emroot, tmp_path: Path, kind: str):
    assert len(COMMANDS) == 20
    with remote_cache() as thief:
        if kind == 'the web':
            text = (hostile / 'emroot.toml').read_text()
            (hostile / 'emroot.toml').write_text(text.replace(f'rw+{tmp_path / "stolen"}', f'rw+{thief.url}'))
        _survive(hostile, fake, tmp_path)
        assert thief.asked == []


def _survive(hostile: Path, fake: Emroot, tmp_path: Path) -> None:
    user = Emroot(tmp_path / 'user')
    before, outside = snapshot(hostile), _outside(tmp_path)
    for command in COMMANDS:
        ran = user(*command, cwd=hostile, env={'EMSCRIPTEN_ROOT': str(fake.sdk), 'PATH': os.environ['PATH'], **PLAIN})
        assert not (tmp_path / 'ran').exists(), command
        assert _outside(tmp_path) == outside, command
        if command == ['build']:
            assert ran.code == 2 and 'port.py' in ran.err and f'emroot trust {hostile}' in ran.err
    assert {path: what for path, what in snapshot(hostile).items() if path in before} == before
    user('sdk', 'show', cwd=hostile, env={TRUST: '1'})
    assert (tmp_path / 'ran').exists()  # the trap works
    neighbours = [Emroot(home, fake.sdk)('build', '--json', '--targets', 'libone', cwd=tmp_path)
                  for home in (user.home, tmp_path / 'forger')]
    assert _library(neighbours[0]) == _library(neighbours[1]) != EVIL


def _outside(directory: Path) -> dict[str, tuple[object, ...]]:
    """What lies neither in the clone nor in the user's home."""
    return {path: what for path,
            what in snapshot(directory, content=False).items() if path.split('/')[0] not in ('clone', 'user')}


@pytest.mark.parametrize('key', ['remote', 'base'])
def test_what_came_by_a_trusted_project_reaches_no_other(fake: Emroot, tmp_path: Path, key: str):
    forged = (_forged_remote if key == 'remote' else _forged_base)(tmp_path / 'clone/evil', fake.machine(tmp_path / 'forger'))
    clone = _project(tmp_path / 'clone', f'{key} = "{forged.name}"\n[[cache]]\ntargets = ["libone"]\n')
    user, shared = fake.machine(tmp_path / 'user'), tmp_path / 'shared'
    assert _library(user('build', '--json', cwd=clone)) != EVIL  # not trusted
    user = fake.machine(tmp_path / 'another')
    assert user('trust', cwd=clone).code == 0
    assert _library(user('build', '--json', cwd=clone)) == EVIL  # the user said so
    assert _library(user('build', '--json', '--cache', shared, cwd=clone)) == EVIL
    good = _library(user('build', '--json', '--targets', 'libone', cwd=tmp_path))
    assert good != EVIL
    assert _library(user('build', '--json', '--targets', 'libone', '--cache', shared, cwd=tmp_path)) == good
    other = _project(tmp_path / 'other', f'{key} = "../elsewhere"\n[[cache]]\ntargets = ["libone"]\n')
    shutil.copytree(forged, tmp_path / 'elsewhere', ignore=lambda *_: ['ac', 'cas', 'sysroot'])
    assert user('trust', other).code == 0
    assert _library(user('build', '--json', cwd=other)) == good  # another origin
    same = _project(tmp_path / 'same', f'{key} = "{forged}"\n[[cache]]\ntargets = ["libone"]\n')
    assert user('trust', same).code == 0
    again = user('build', '--json', cwd=same)
    assert _library(again) == EVIL and counts(again.json)[0] == 0  # who names the same has it without asking again
    assert user('verify').code == 0


def test_what_users_built_themselves_is_used_whatever_a_project_names(fake: Emroot, tmp_path: Path):
    assert fake('build', '--targets', 'libone,libmany').code == 0
    (tmp_path / 'empty').mkdir()
    clone = _project(tmp_path / 'clone', 'remote = "../empty"\n[[cache]]\ntargets = ["libone", "libmany"]\n')
    assert fake('trust', clone).code == 0
    assert counts(fake('build', '--json', cwd=clone).json)[0] == 0


def test_trust_is_for_a_directory_is_shown_and_can_be_taken_back(fake: Emroot, tmp_path: Path):
    clone = _project(tmp_path / 'clone', 'base = "base"\n[[cache]]\ntargets = ["crt1"]\n')
    _forged_base(clone / 'base', fake.machine(tmp_path / 'forger'))
    untrusted = fake('build', cwd=clone)
    assert untrusted.code == 0 and f'{clone / "emroot.toml"} names base (base): not used' in untrusted.err
    assert f'hint: check that file, then run `emroot trust {clone}`' in untrusted.err
    trusted = fake('trust', '--json', cwd=clone).json
    assert trusted['trusted'] and trusted['names'] == {'base': 'base'}
    assert 'not used' not in fake('build', cwd=clone).err
    link = tmp_path / 'link'
    link.symlink_to(clone)
    assert 'not used' not in fake('build', cwd=link).err  # the same directory
    assert 'no longer trusted' in fake('trust', '--revoke', clone).out
    assert 'not used' in fake('build', cwd=clone).err
    for said, code in ((str(tmp_path), ''), ('1', ''), (str(tmp_path / 'clo'), 'not used'), ('0', 'not used')):
        assert (code or 'crt1') in fake('build', cwd=clone, env={TRUST: said}).err + 'crt1'
        assert ('not used' in fake('build', cwd=clone, env={TRUST: said}).err) == bool(code)


def test_trust_needs_a_project(fake: Emroot, tmp_path: Path):
    ran = fake('trust', tmp_path)
    assert ran.code == 2 and 'there is no emroot.toml' in ran.err


def test_a_project_cannot_have_anything_sent(fake: Emroot, tmp_path: Path):
    clone = _project(tmp_path / 'clone', f'remote = "rw+{tmp_path / "out"}"\n[[cache]]\ntargets = ["crt1"]\n')
    (tmp_path / 'out').mkdir()
    assert fake('trust', clone).code == 0
    ran = fake('build', cwd=clone)
    assert ran.code == 0 and 'EMROOT_REMOTE=rw+' in ran.err and not list((tmp_path / 'out').iterdir())
    assert fake('build', cwd=clone, env={'EMROOT_REMOTE': f'rw+{tmp_path / "out"}'}).code == 0
    assert (tmp_path / 'out').is_dir()


def test_a_file_in_a_directory_below_does_not_count_for_what_run_has_emcc_start(fake: Emroot, tmp_path: Path):
    outer = _project(tmp_path / 'outer', '[[cache]]\ntargets = ["crt1"]\n')
    vendored = _project(outer / 'third_party/x', 'builder = "embuilder"\n[[cache]]\ntargets = ["libone"]\n')
    for said, built in ((str(outer / 'emroot.toml'), 'crt1'), ('', None), (None, 'libone')):
        ran = fake('build', '--json', cwd=vendored, env={} if said is None else {'EMROOT_PROJECT': said})
        assert ran.code == (0 if built else 2), ran.err
        if built:
            assert ran.json['modes']['wasm32']['built'] + ran.json['modes']['wasm32']['reused'] == [built]


@pytest.mark.parametrize(('section', 'expected'), [
    (CacheSection(targets=['libc', 'zlib', 'sdl2_image:formats=png', 'wasm64/libc', 'libc++*']), []),
    (CacheSection(targets=['a.py', 'sub/p.py:x=1', 'C:\\p.py']), ['a.py', 'sub/p.py:x=1', 'C:\\p.py']),
    (CacheSection(links=['em++ -O2 -flto --use-port=zlib a.o -o a.js', 'emcc --use-port sdl2:x=y']), []),
    (CacheSection(links=['em++ --use-port=p.py', 'emcc --use-port p.py:x=1']), ['--use-port=p.py', 'p.py:x=1']),
    (CacheSection(links=["sh -c 'ccache em++ --use-port=p.py -O2'", 'EMCC_CFLAGS="-O1 --use-port=p.py" emcc a.o']),
     ['--use-port=p.py', '--use-port=p.py']),
    (CacheSection(links=['make -j2', 'emcc "']), []),
    (CacheSection(links=['emcc --em-config conf', 'emcc @flags']), ['conf', '@flags']),
])
def test_what_names_code_is_known(section: CacheSection, expected: list[str]):
    assert list(names_code(section)) == expected


@pytest.mark.parametrize(('sdk', 'path'), [
    ('6.0.5', False), ('6', False), ('3.1.69-git', False),
    ('./6.0.5', True), ('tools/em', True), ('\\\\host\\share', True), ('/opt/emsdk', True),
])
def test_a_version_needs_no_trust_and_a_path_does(tmp_path: Path, sdk: str, *, path: bool):
    project: Project = load_project(_project(tmp_path, f'sdk = {json.dumps(sdk)}\n') / 'emroot.toml')
    assert (project.sdk_path is not None) == path
    assert untrusted_keys(project) == ({'sdk': sdk} if path else {})
