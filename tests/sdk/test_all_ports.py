"""Every port of an SDK, in each mode, with what its library may depend on: the names that a link's answer has build its files."""

from __future__ import annotations

from pathlib import Path

import pytest

from emroot.errors import UsageError
from emroot.libraries.catalogue import Catalogue
from emroot.libraries.resolution import resolve
from emroot.modes import Mode

MODES = {'wasm32': [], 'wasm64': ['-sMEMORY64'], 'wasm32-lto': ['-flto'], 'wasm32-pic': ['-sMAIN_MODULE=2']}
FLAVOURS = {'': [], ' with threads': ['-pthread'], ' with exceptions': ['-fwasm-exceptions'],
            ' with both': ['-pthread', '-fwasm-exceptions', '-sSUPPORT_LONGJMP=wasm']}
OFTEN = ('wasm64', ' with threads')
CASES = [pytest.param(*case, marks=[] if case == OFTEN else [pytest.mark.slow], id=''.join(case))
         for case in ((mode, flavour) for mode in MODES for flavour in FLAVOURS)]


@pytest.mark.parametrize(('mode', 'flavour'), CASES)
def test_every_port_has_names_for_the_files_that_links_want(catalogue: Catalogue, mode: str, flavour: str, tmp_path: Path):
    wrong, refused = [], []
    ports = catalogue.listing(Mode()).ports
    for port in ports:
        link = ['emcc', f'--use-port={port}', *MODES[mode], *FLAVOURS[flavour], 'main.o']
        try:
            found = resolve(catalogue, link, cwd=tmp_path)
        except UsageError as error:  # in emcc's own words
            refused.append((port, str(error)))
            continue
        assert found.mode.name == mode
        if found.unnamed or not found.ports:
            wrong.append((port, found.ports, found.unnamed))
    assert wrong == []
    assert len(refused) < len(ports) / 4, refused
