"""The guard: code of an SDK may look at files, and that is noted; whatever would change something is refused.

Audit hooks stay for the life of a process, so each test has one of its own.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import emroot.probe

PROGRAM = '''
import json, os, shutil, socket, subprocess, sys
sys.path.insert(0, {probe!r})
from guard import Guard, ActionBlocked
guard = Guard([{known!r}, os.path.dirname(os.__file__)], [{ours!r}])
guard.pretended_files, guard.pretended_directories = {{'input.o'}}, {{'out'}}
guard.install()
said = None
try:
    exec({code!r})
except ActionBlocked as refused:
    said = str(refused)
print(json.dumps([said, guard.noted()]))
'''


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """A directory with a part that the SDK knows, one that is ours, and a working directory."""
    for name in ('known', 'ours', 'work'):
        (tmp_path / name).mkdir()
    (tmp_path / 'known' / 'settings.js').write_text('known', encoding='utf-8')
    (tmp_path / 'work' / 'flags.rsp').write_text('-O2', encoding='utf-8')
    return tmp_path


def guarded(directory: Path, code: str) -> tuple[str | None, list[list[Any]]]:
    """Run code under the guard: why it was refused, and what was noted."""
    program = PROGRAM.format(probe=str(Path(emroot.probe.__file__).parent), known=str(directory / 'known'),
                             ours=str(directory / 'ours'), code=code)
    done = subprocess.run([sys.executable, '-I', '-B', '-c', program], cwd=directory / 'work', check=True, text=True,
                          stdout=subprocess.PIPE)
    refused, noted = json.loads(done.stdout)
    return refused, noted


def test_looks_and_reads_are_noted_as_they_were_spelled(directory: Path):
    refused, noted = guarded(directory, 'os.path.isfile("libown.a"); os.path.isdir("../work"); open("flags.rsp").read()')
    assert refused is None
    assert noted == [['isfile', 'libown.a', False], ['isdir', '../work', True],
                     ['read', 'flags.rsp', hashlib.sha256(b'-O2').hexdigest()]]


def test_a_file_that_could_not_be_read_is_noted_as_missing(directory: Path):
    assert guarded(directory, 'try: open("missing")\nexcept OSError: pass') == (None, [['read', 'missing', None]])


def test_what_belongs_to_the_sdk_is_not_noted(directory: Path):
    assert guarded(directory, f'open({str(directory / "known" / "settings.js")!r}).read(); import html.entities') == (None, [])


def test_what_is_pretended_exists_and_is_not_looked_at(directory: Path):
    code = 'assert os.path.exists("input.o") and os.path.isfile("input.o") and os.path.isdir("out")'
    assert guarded(directory, code) == (None, [])


@pytest.mark.parametrize('code', [
    'open("new", "w")', 'open("flags.rsp", "a")', 'open("flags.rsp", "r+")', 'os.open("new", os.O_CREAT)',
    'os.mkdir("new")', 'os.makedirs("a/b")', 'os.remove("flags.rsp")', 'os.rename("flags.rsp", "b")',
    'os.replace("flags.rsp", "b")', 'shutil.rmtree(".")', 'os.symlink("a", "b")', 'os.chmod("flags.rsp", 0)',
    'subprocess.run(["true"])', 'os.system("true")', 'os.execv("/bin/true", ["true"])',
    'socket.create_connection(("127.0.0.1", 1))'])
def test_whatever_would_change_something_is_refused(code: str, directory: Path):
    refused, _ = guarded(directory, code)
    assert refused
    assert [p.name for p in (directory / 'work').iterdir()] == ['flags.rsp']


def test_ones_own_directory_may_be_written_to(directory: Path):
    ours = str(directory / 'ours')
    assert guarded(directory, f'os.chdir({ours!r}); os.mkdir("a"); open("a/b", "w").close(); os.rename("a/b", "c")') == (None, [])
    assert guarded(directory, 'open(os.devnull, "w").close()') == (None, [])


def test_a_refusal_passes_through_code_that_swallows_errors(directory: Path):
    refused, _ = guarded(directory, 'try: open("new", "w")\nexcept Exception: pass')
    assert refused
