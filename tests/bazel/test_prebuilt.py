"""An exported archive as emsdk's `prebuilt_cache` takes it: downloaded, unpacked, and what emcc finds in a frozen action."""

from __future__ import annotations

import io
import json
import os
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest
from support.running import Emroot
from support.workspace import Workspace, libraries, module_file

from emroot.hashing import digest_file
from emroot.sdk import Sdk

LINKS = {'thin': '-O1 -flto=thin -sDEFAULT_TO_CXX=0', 'wide': '-O1 -sMEMORY64 -sDEFAULT_TO_CXX=0'}
ROOT = '''
module(name = "root")
bazel_dep(name = "emsdk", version = "6.0.5")
local_path_override(module_name = "emsdk", path = "emsdk")
bazel_dep(name = "platforms", version = "0.0.11")
{tag}
use_repo(emscripten_cache, "emscripten_cache")
'''
PROGRAM = '#include <stdio.h>\nint main(void) { return printf("%d bits\\n", 8 * (int)sizeof(void*)) < 0; }\n'
LINK = '''
genrule(
    name = "{name}",
    srcs = ["main.c", "@emscripten_cache//:emscripten_cache", "@emscripten_cache//:emscripten_config"],
    outs = ["{name}.js", "{name}.wasm"],
    cmd = "export EM_CONFIG=$$PWD/$(execpath @emscripten_cache//:emscripten_config); export EM_CONFIG_PATH=$$EM_CONFIG; " +
          "{python} -B {emcc} {flags} $(execpath main.c) -o $(execpath {name}.js)",
)
'''
#: As emsdk's module has it: the extension downloads what its one tag names, and the configuration points to it.
EMSDK = {
    'MODULE.bazel': 'module(name = "emsdk", version = "6.0.5")\n',
    'BUILD.bazel': '',
    'emscripten_cache.bzl': '''
def _repo(rctx):
    given = rctx.attr
    rctx.download_and_extract(url = given.url, output = "cache", sha256 = given.sha256, stripPrefix = given.strip_prefix)
    rctx.file("emscripten_config", rctx.read(Label("//:default_config")) +
              'CACHE = os.path.join(os.path.dirname(os.environ["EM_CONFIG_PATH"]), "cache")\\n')
    rctx.file("BUILD.bazel", """
package(default_visibility = ["//visibility:public"])
exports_files(["emscripten_config"])
filegroup(name = "emscripten_cache", srcs = glob(["cache/**"]))
""")
_cache = repository_rule(_repo, attrs = {name: attr.string() for name in ("url", "sha256", "strip_prefix")})
_prebuilt = tag_class(attrs = {
    "http_archive_url": attr.string(mandatory = True),
    "sha256": attr.string(mandatory = True),
    "strip_prefix": attr.string(),
})
def _caches(mctx):
    for module in mctx.modules:
        for tag in module.tags.prebuilt_cache:
            _cache(name = "emscripten_cache", url = tag.http_archive_url, sha256 = tag.sha256, strip_prefix = tag.strip_prefix)
emscripten_cache = module_extension(_caches, tag_classes = {"prebuilt_cache": _prebuilt})
''',
}


@pytest.mark.slow
def test_links_of_two_modes_find_all_they_need_in_it(scratch: Callable[..., Workspace], bazel_sdk: Sdk, tmp_path: Path) -> None:
    emroot = Emroot(Path(os.environ['EMROOT_TEST_HOME']), bazel_sdk.root)
    archive = tmp_path / 'libs' / 'libs.tar.gz'
    archive.parent.mkdir()
    links = [argument for flags in LINKS.values() for argument in ('--for', f'emcc {flags}')]
    exported = emroot('export', *links, '-o', archive, '--print-bazel', f'file://{archive}')
    assert exported.code == 0, exported.err
    build = ''.join(LINK.format(name=name, flags=flags, python='/usr/bin/python3', emcc=bazel_sdk.root / 'emcc.py')
                    for name, flags in LINKS.items())
    config = f'import os\n{bazel_sdk.config_text}\nFROZEN_CACHE = True\n'
    workspace = scratch({'MODULE.bazel': ROOT.replace('{tag}', exported.out), 'BUILD.bazel': build, 'main.c': PROGRAM,
                         'emsdk/default_config': config,
                         **{f'emsdk/{name}': text for name, text in EMSDK.items()}}, reads=[archive.parent])
    workspace.build('//...')
    said = {path.stem: workspace.program(path) for name in LINKS for path in workspace.files(f'//:{name}')
            if path.suffix == '.js'}
    assert said == {'thin': '32 bits\n', 'wide': '64 bits\n'}


def test_the_modules_own_tag_takes_libraries_as_they_are(scratch: Callable[..., Workspace], bazel_sdk: Sdk,
                                                        tmp_path: Path) -> None:
    ours, others = tmp_path / 'libs/ours.tar.gz', tmp_path / 'libs/others.tar.gz'
    ours.parent.mkdir()
    emroot = Emroot(Path(os.environ['EMROOT_TEST_HOME']), bazel_sdk.root)
    exported = emroot('export', '--features', 'wasm64', '--targets', 'libal', '-o', ours)
    assert exported.code == 0, exported.err
    manifest = json.dumps({'sdk': {'version': '3.1.69', 'digest': '0' * 64}, 'files': {}}).encode()
    with tarfile.open(others, 'w:gz') as packed:
        entry = tarfile.TarInfo('.emroot/manifest.json')
        entry.size = len(manifest)
        packed.addfile(entry, io.BytesIO(manifest))
    tags = [f'prebuilt(url = "file://{archive}", sha256 = "{digest_file(archive)}")' for archive in (ours, others)]

    workspace = scratch({'MODULE.bazel': module_file(tags[0])}, reads=[ours.parent])
    workspace.options.append('--disk_cache=')
    assert libraries(workspace.build('@emscripten_cache//wasm64:libal'), ran=False) == []
    [library] = workspace.files('@emscripten_cache//wasm64:libal')
    with tarfile.open(ours) as packed:
        member = packed.extractfile('sysroot/lib/wasm64-emscripten/libal.a')
        assert member
        assert library.read_bytes() == member.read()

    file = workspace.directory / 'MODULE.bazel'
    file.write_text(file.read_text(encoding='utf-8').replace(*tags), encoding='utf-8')
    done = workspace.run('build', '@emscripten_cache//wasm64:libal', check=False)
    assert done.returncode != 0
    assert 'the archive is of another SDK (Emscripten 3.1.69)' in done.stderr
