"""emroot is a good module: what its extension says of itself. Nothing is fetched."""

from __future__ import annotations

from collections.abc import Callable

from support.workspace import Workspace, module_file

ASK = ('mod', 'show_extension', '@emroot//bazel:extensions.bzl%emscripten_deps')


def test_tidy_knows_what_to_import(scratch: Callable[..., Workspace]) -> None:
    whole = module_file()
    workspace = scratch({'MODULE.bazel': whole.replace('use_repo(emscripten_deps, "emscripten_cache")', '')})
    said = workspace.run(*ASK).stderr
    assert 'emscripten_cache' in said
    assert 'bazel mod tidy' in said
    file = workspace.directory / 'MODULE.bazel'
    file.write_text(file.read_text(encoding='utf-8') + 'use_repo(emscripten_deps, "emscripten_cache")\n', encoding='utf-8')
    assert 'mod tidy' not in workspace.run(*ASK).stderr
