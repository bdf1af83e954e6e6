"""A slice of `dev.py fidelity`: archives of every kind are byte for byte what embuilder makes in its own cache."""

from __future__ import annotations

import pytest
from fidelity.archives import compare

from emroot.libraries.catalogue import Catalogue
from emroot.modes import Mode, parse_mode
from emroot.sdk import Sdk

#: A start file, C, C++, `.S` and `.s`, one that ignores LTO, an allocator, WasmFS, GL, a sanitizer.
TARGETS = ('crt1', 'libhtml5', 'libembind-rtti', 'libwasm_workers-debug', 'libbulkmemory', 'libprintf_long_double-debug',
           'libdlmalloc-debug', 'libwasmfs_noderawfs', 'libGL-emu-webgl2-getprocaddr', 'libclang_rt.ubsan_minimal-mt',
           'libubsan_minimal_rt-mt')
MODES = ('wasm64-thinlto', *(pytest.param(mode, marks=pytest.mark.slow) for mode in ('wasm32', 'wasm32-lto-pic')))


@pytest.mark.each_sdk
@pytest.mark.parametrize('mode', MODES)
def test_archives_are_embuilders(sdk: Sdk, catalogue: Catalogue, mode: str):
    targets = [t for t in TARGETS if t in catalogue.listing(Mode()).libraries]
    assert len(targets) >= 9
    compared, problems = compare(sdk, [parse_mode(mode)], targets)
    assert problems == []
    assert compared == len(targets)


@pytest.mark.slow
def test_what_takes_special_care_is_embuilders(sdk: Sdk, catalogue: Catalogue):
    """libcompiler_rt (libclang_rt.builtins) is the one with `.s` files, and an object of mimalloc says when it was built."""
    names = [t for t in ('libclang_rt.builtins', 'libcompiler_rt', 'libmimalloc') if t in catalogue.listing(Mode()).libraries]
    compared, problems = compare(sdk, [parse_mode('wasm64-lto')], names)
    assert (compared, problems) == (2, [])
