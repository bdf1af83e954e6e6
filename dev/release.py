"""`dev.py release [--tag v1.2.3]`: everything that a release consists of, in `dist/`: wheel, sdist, the archive for
the Bazel Central Registry, an SBOM (CycloneDX) and checksums. The same commit gives the same bytes."""

from __future__ import annotations

import argparse
import ast
import gzip
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import uuid
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import Any

from emroot import __version__

from .paths import ROOT, say

#: What Bazel gets: the module, and the examples that the registry tries it with.
MODULE = ('.bazelignore', 'BUILD.bazel', 'LICENSE', 'MODULE.bazel', 'README.md', 'WORKSPACE.bazel', 'bazel',
          'examples/bazel', 'src/emroot')


def main(arguments: list[str]) -> int:
    """Build it all. A tag that is not the version is refused."""
    parser = argparse.ArgumentParser(allow_abbrev=False, prog='dev.py release')
    parser.add_argument('--tag', default=f'v{__version__}')
    parser.add_argument('--to', type=Path, default=ROOT / 'dist')
    given = parser.parse_args(arguments)
    if given.tag != f'v{__version__}':
        say(f'release: the tag {given.tag} is not v{__version__}, the version of src/emroot/__init__.py')
        return 2
    shutil.rmtree(given.to, ignore_errors=True)
    code = build(given.to)
    if code != 0:
        return code
    pack_module(given.to / f'emroot-{__version__}.module.tar.gz')
    (given.to / f'emroot-{__version__}.cdx.json').write_text(json.dumps(sbom(), indent=2) + '\n', encoding='utf-8')
    files = sorted(given.to.iterdir())
    sums = ''.join(f'{hashlib.sha256(file.read_bytes()).hexdigest()}  {file.name}\n' for file in files)
    (given.to / 'SHA256SUMS').write_text(sums, encoding='utf-8')
    print(sums, end='')
    return 0


def build(to: Path) -> int:
    """Wheel and sdist; the wheel is made from the sdist, so that the sdist has what it takes."""
    env = {'SOURCE_DATE_EPOCH': str(commit_time()), **os.environ}
    return subprocess.run([sys.executable, '-m', 'build', '--no-isolation', '--outdir', str(to), str(ROOT)], env=env, check=False,
                          stdout=subprocess.DEVNULL).returncode


def commit_time() -> int:
    """When what is released was committed, in seconds since 1970; outside of a clone the start of 1980, as zip has it."""
    done = subprocess.run(['git', 'log', '-1', '--format=%ct'], cwd=ROOT, capture_output=True, text=True, check=False)
    return int(done.stdout) if done.returncode == 0 and done.stdout.strip() else 315532800


def pack_module(to: Path) -> None:
    """The module as Bazel gets it, in a directory of its name and version."""
    with open(to, 'wb') as f, gzip.GzipFile(fileobj=f, mode='wb', mtime=0, filename='') as packed, \
            tarfile.open(fileobj=packed, mode='w', format=tarfile.PAX_FORMAT) as tar:
        for path in module_files():
            info = tarfile.TarInfo(f'emroot-{__version__}/{path.relative_to(ROOT).as_posix()}')
            info.size, info.mtime = path.stat().st_size, commit_time()
            info.mode = 0o755 if os.access(path, os.X_OK) else 0o644
            with open(path, 'rb') as content:
                tar.addfile(info, content)


def module_files() -> Iterator[Path]:
    """Files of the module, sorted."""
    for name in MODULE:
        found = [ROOT / name] if (ROOT / name).is_file() else sorted((ROOT / name).rglob('*'))
        yield from (path for path in found if path.is_file() and '__pycache__' not in path.parts
                    and not any(part.startswith('bazel-') for part in path.relative_to(ROOT).parts))


def sbom() -> dict[str, Any]:
    """What runs when emroot does, as CycloneDX 1.6. Only emroot's own files are shipped: the others are required."""
    required = sorted(closure('emroot') - {'emroot'})
    components = [component(name) for name in required]
    modules = [{'type': 'library', 'bom-ref': f'pkg:bazel/{name}@{version}', 'name': name, 'version': version,
                'scope': 'optional', 'purl': f'pkg:bazel/{name}@{version}'} for name, version in bazel_dependencies()]
    own = {**component('emroot'), 'type': 'application'}
    refs = {name: component(name)['bom-ref'] for name in ['emroot', *required]}
    document = {
        'bomFormat': 'CycloneDX', 'specVersion': '1.6', 'version': 1,
        'metadata': {'component': own}, 'components': [*components, *modules],
        'dependencies': [{'ref': refs[name], 'dependsOn': sorted(refs[n] for n in requirements(name))} for name in refs],
    }
    return {**document, 'serialNumber': f'urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, json.dumps(document, sort_keys=True))}'}


def component(name: str) -> dict[str, Any]:
    """A distribution, as it is installed here."""
    about: Any = metadata.metadata(name)  # a message, whose methods its type does not have
    spelled = re.sub(r'[-_.]+', '-', name).lower()
    version = __version__ if name == 'emroot' else about['Version']
    purl = f'pkg:pypi/{spelled}@{version}'
    licence = about.get('License-Expression')
    classified = [c.rpartition(' :: ')[2] for c in about.get_all('Classifier') or () if c.startswith('License')]
    stated = about.get('License') or next(iter(classified), 'unknown')
    return {'type': 'library', 'bom-ref': purl, 'name': spelled, 'version': version, 'purl': purl, 'scope': 'required',
            'licenses': [{'expression': licence}] if licence else [{'license': {'name': stated.splitlines()[0]}}]}


def requirements(name: str) -> set[str]:
    """Distributions that a distribution requires, without its extras."""
    found = set()
    for line in metadata.requires(name) or ():
        wanted, _, condition = line.partition(';')
        match = re.match(r'[\w.-]+', wanted)
        if match and 'extra' not in condition and 'python_version' not in condition and 'platform' not in condition:
            found.add(re.sub(r'[-_.]+', '-', match[0]).lower())
    return found


def closure(name: str) -> set[str]:
    """A distribution and all that it requires."""
    found, pending = set(), [name]
    while pending:
        if (one := pending.pop()) not in found:
            found.add(one)
            pending += requirements(one)
    return found


def bazel_dependencies() -> list[tuple[str, str]]:
    """Name and version of each `bazel_dep`. MODULE.bazel is read as the Python that it nearly is."""
    tree = ast.parse((ROOT / 'MODULE.bazel').read_text(encoding='utf-8'))
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and ast.unparse(node.func) == 'bazel_dep']
    given = [{k.arg: ast.literal_eval(k.value) for k in call.keywords} for call in calls]
    return [(str(g['name']), str(g['version'])) for g in given]


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
