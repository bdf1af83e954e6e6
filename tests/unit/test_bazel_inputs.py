"""What Bazel's actions get of emroot is all that they import, and what Starlark says twice is the same."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from emroot.bazel.sdk_layout import CACHE
from emroot.engine.command_lines.placeholders import CACHE_PREFIX, SYSROOT_FLAG, WORKING_DIRECTORY
from emroot.probe import EPOCH

ROOT = Path(__file__).parents[2]


def declared(name: str) -> list[Path]:
    """Files of a filegroup in the module's BUILD file."""
    text = (ROOT / 'BUILD.bazel').read_text(encoding='utf-8')
    group = re.search(rf'filegroup\(\s+name = "{name}",\s+srcs = (.*?),\s+visibility', text, re.DOTALL)
    assert group, name
    words = re.findall(r'"([^"]+)"', group[1])
    return [path for word in words for path in (ROOT.glob(word) if '*' in word else [ROOT / word])]


@pytest.mark.parametrize(('program', 'groups'),
                         [('libraries/library_builder.py', ['engine']), ('libraries/compile_object.py', ['driver']),
                          ('libraries/cache_assembly.py', ['driver']), ('toolchain/emcc_wrapper.py', ['driver']),
                          ('toolchain/source_package.py', ['driver']),
                          ('toolchain/output_unpacker.py', []), ('toolchain/program_runner.py', [])])
def test_every_import_is_an_input(tmp_path: Path, program: str, groups: list[str]) -> None:
    for source in [ROOT / 'src/emroot/bazel' / program, *(path for group in groups for path in declared(group))]:
        target = tmp_path / source.relative_to(ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)
    done = subprocess.run([sys.executable, '-I', '-B', '-c', f'import runpy; runpy.run_path({program!r})'],
                          cwd=tmp_path / 'src/emroot/bazel', capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(('name', 'value'), [('_EPOCH', EPOCH), ('WORKING_DIRECTORY', '/'.join(WORKING_DIRECTORY) + '/'),
                                             ('_SYSROOT_FLAG', SYSROOT_FLAG), ('_CACHE_PREFIX', CACHE_PREFIX),
                                             ('CACHE', CACHE.strip('/'))])
def test_constants_are_those_of_the_engine(name: str, value: str) -> None:
    """Starlark cannot import them."""
    texts = [path.read_text(encoding='utf-8') for path in (ROOT / 'bazel/private').glob('*/*.bzl')]
    found = {said for text in texts for said in re.findall(rf'^{name} = "(.*)"$', text, re.MULTILINE)}
    assert found == {value}
