"""emroot is a good module: what its extension says of itself. Nothing is fetched."""

from __future__ import annotations

import platform
import shutil
from collections.abc import Callable
from pathlib import Path

from support.downloads.npm import NpmUnavailable, npm_package
from support.running import cannot_run
from support.workspace import Workspace, module_file

IMPORTS = 'use_repo(emscripten_deps, "emscripten_cache")'


def test_tidy_writes_what_to_import(scratch: Callable[..., Workspace], tmp_path: Path) -> None:
    """With a real buildozer, for which the registry of the tests has a stand-in."""
    machine = {'x86_64': 'amd64', 'aarch64': 'arm64'}.get(platform.machine(), '')
    try:
        program = npm_package('@bazel/buildozer', '8.2.1') / f'buildozer-linux_{machine or platform.machine()}'
    except NpmUnavailable as why:
        cannot_run(str(why))
    buildozer = tmp_path / 'buildozer'
    buildozer.mkdir()
    shutil.copy(program, buildozer / 'buildozer.exe')
    (buildozer / 'buildozer.exe').chmod(0o755)
    for name in ('BUILD.bazel', 'REPO.bazel'):
        (buildozer / name).touch()
    workspace = scratch({'MODULE.bazel': module_file().replace(IMPORTS, '')}, reads=[buildozer])
    file = workspace.directory / 'MODULE.bazel'
    tidy = ('mod', 'tidy', f'--override_repository=buildozer~~buildozer_binary~buildozer_binary={buildozer}')
    assert IMPORTS not in file.read_text(encoding='utf-8')
    workspace.run(*tidy)
    tidied = file.read_text(encoding='utf-8')
    assert IMPORTS in tidied
    workspace.run(*tidy)
    assert file.read_text(encoding='utf-8') == tidied
