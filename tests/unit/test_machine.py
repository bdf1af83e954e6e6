"""SDKs that are not for this machine: what they are for is said, and what helps."""

from __future__ import annotations

import os
import struct
import sys
from pathlib import Path

import pytest
from support.fake import make_fake_sdk
from support.running import Emroot

from emroot.sdk.machine import loader_of, made_for, this_machine, why_not_here


def elf(machine: int, loader: str = '') -> bytes:
    """How an executable of Linux begins."""
    fields = struct.pack('<HHIQQQIHHHHHH', 2, machine, 1, 0, 64, 0, 0, 64, 56, bool(loader), 0, 0, 0)
    head = b'\x7fELF\x02\x01\x01' + bytes(9) + fields
    name = loader.encode() + b'\0'
    return head + struct.pack('<IIQQQQQQ', 3, 4, 120, 0, 0, len(name), len(name), 1) + name


PE = b'MZ' + bytes(58) + struct.pack('<I', 64) + b'PE\0\0' + struct.pack('<H', 0xAA64) + bytes(64)
MACH_O = b'\xcf\xfa\xed\xfe' + struct.pack('<I', 0x0100000C) + bytes(64)


@pytest.mark.parametrize(('content', 'said'), [
    (elf(62), 'Linux x86-64'), (elf(183), 'Linux arm64'), (elf(9), 'Linux of another processor'), (PE, 'Windows arm64'),
    (MACH_O, 'macOS arm64'), (b'#!/bin/sh\n', ''), (b'', ''), (b'MZ', ''), (b'\x7fELF', ''), (b'MZ' + b'\xff' * 80, '')])
def test_what_a_program_is_for_is_read_from_its_file(tmp_path: Path, content: bytes, said: str) -> None:
    (tmp_path / 'clang').write_bytes(content)
    assert made_for(tmp_path / 'clang') == said


@pytest.mark.skipif(os.name == 'nt', reason='the Python of a virtual environment is a launcher there')
def test_this_machines_programs_are_for_it() -> None:
    python = Path(os.path.realpath(sys.executable))
    assert made_for(python) in (this_machine(), '') and why_not_here(python) == ''


@pytest.mark.skipif(not sys.platform.startswith('linux'), reason='loaders are of Linux')
def test_a_loader_that_is_not_here_is_named(tmp_path: Path) -> None:
    machine = {'x86-64': 62, 'arm64': 183}.get(this_machine().partition(' ')[2], 0)
    (tmp_path / 'clang').write_bytes(elf(machine, '/lib/ld-musl-nowhere.so.1'))
    assert loader_of(tmp_path / 'clang') == '/lib/ld-musl-nowhere.so.1'
    assert 'needs /lib/ld-musl-nowhere.so.1, which is missing' in why_not_here(tmp_path / 'clang')


@pytest.mark.skipif(os.name == 'nt', reason='Windows says so by itself, in a window')
@pytest.mark.parametrize(('content', 'said'), [(elf(243), 'Linux riscv64'), (PE, 'Windows arm64'), (MACH_O, 'macOS arm64')])
def test_doctor_says_that_an_sdk_is_for_another_machine(tmp_path: Path, content: bytes, said: str) -> None:
    if said == this_machine():
        pytest.skip('it is for this one')
    root = make_fake_sdk(tmp_path)
    clang = next(path for path in tmp_path.rglob('clang') if path.is_file())
    clang.unlink()
    clang.write_bytes(content)
    clang.chmod(0o755)
    ran = Emroot(tmp_path / 'home', root)('doctor')
    assert ran.code == 3 and f'it is for {said}, and this is {this_machine()}' in ran.out, ran
    assert '`emroot sdk install`' in ran.out
