"""What build actions of Bazel are given of emroot is enough for them."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from support.running import SOURCE

BUILD = SOURCE.parent / 'BUILD.bazel'


def _files(group: str) -> list[str]:
    found = re.search(rf'name = "{group}",\s+srcs = \[([^]]*)\]', BUILD.read_text(encoding='utf-8'))
    assert found
    return re.findall(r'"([^"]+)"', found[1])


@pytest.mark.parametrize(('group', 'program'), [
    ('engine', 'import emroot.bazel.libraries.library_builder\n'
               'from emroot.engine.execution import c_programs, forkserver, zygote\n'
               'c_programs.preload_library(Path("."))\nc_programs.static_server(Path("."))\n'),
    ('driver', 'import emroot.bazel.toolchain.compile_action\nimport emroot.bazel.toolchain.link_action\n')])
def test_what_an_action_is_given_is_enough(group: str, program: str, tmp_path: Path) -> None:
    for name in _files(group):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(SOURCE.parent / name, tmp_path / name)
    program = f'import sys\nfrom pathlib import Path\nsys.path.insert(0, {str(tmp_path / "src")!r})\n{program}'
    ran = subprocess.run([sys.executable, '-I', '-S', '-B', '-c', program], cwd=tmp_path, capture_output=True, text=True,
                         check=False)
    assert ran.returncode == 0, ran.stderr
