"""A whole SDK of a few kilobytes, for what needs no real compiler: its programs are scripts, its libraries small.

The modules below `fake_sdk/` have the shapes of Emscripten's that emroot asks; clang and llvm-ar are written here. An
object is a line about what made it, so equal bytes mean equal work. A source that says BROKEN does not compile; one
that says SLOW takes a moment; one that says DEBUG is another with `-DDEBUG`.
"""

from __future__ import annotations

import io
import os
import shlex
import shutil
import sys
import zipfile
from pathlib import Path

_TEMPLATE = Path(__file__).with_name('fake_sdk')
_CLANG = '''#!{python} -IS
import hashlib, os, sys, time
args = sys.argv[1:]
if '--version' in args:
    print('fake clang version {version}.0.0')
elif '-print-resource-dir' in args:
    print(os.path.join(os.path.dirname(os.path.realpath(sys.argv[0])), 'resource'))
else:
    out = args[args.index('-o') + 1] if '-o' in args else next(a[2:] for a in args if a.startswith('-o'))
    source = next(a for a in args if os.path.splitext(a)[1] in ('.c', '.cpp', '.s', '.S'))
    with open(source, 'rb') as f:
        text = f.read()
    if b'SLOW' in text:
        time.sleep(0.04)
    if b'BROKEN' in text:
        sys.stderr.write(os.path.basename(source) + ':1:1: error: this is broken\\n')
        sys.exit(1)
    macros = [a for a in args if a.startswith('-D') and a[2:].encode() in text]
    flags = [a for a in args if a.startswith(('-O', '-f', 'wasm')) and 'map' not in a and 'dir' not in a] + macros
    resource = [os.path.join(os.path.dirname(os.path.realpath(sys.argv[0])), 'resource')] if b'PLACE' in text else []
    with open(out, 'w') as f:
        f.write(' '.join([os.path.basename(sys.argv[0]), *flags, *resource, hashlib.sha256(text).hexdigest()]) + '\\n')
    if '-MF' in args:
        with open(args[args.index('-MF') + 1], 'w', errors='surrogateescape') as f:
            f.write(out + ': ' + source + '\\n')
'''
_ARCHIVER = '''#!{python} -IS
import os, sys
names = sys.argv[3:]
if names == ['@members']:
    names = open('members', errors='surrogateescape').read().split()
with open(sys.argv[2], 'wb') as out:
    out.write(b'!<arch>\\n')
    for name in names:
        content = open(name, 'rb').read()
        header = '%-16s%-12d%-6d%-6d%-8s%-10d`\\n' % (os.path.basename(name) + '/', 0, 0, 0, 644, len(content))
        out.write(header.encode() + content + b'\\n' * (len(content) % 2))
'''
_SOURCES = {'libone': ('a.c', 'b.c', 'zebra.c'), 'libcxx': ('new.cpp',), 'libasm': ('plain.s', 'preprocessed.S'),
            'crt1': ('crt1.c',), 'libbroken': ('fine.c',), 'libmany': tuple(f'f{n:02}.c' for n in range(24))}


def make_fake_sdk(directory: Path, *, version: str = '9.9.9', llvm: int = 19) -> Path:
    """A fake SDK's root below `location`, whole and working."""
    root = directory / 'emscripten'
    shutil.copytree(_TEMPLATE, root, ignore=shutil.ignore_patterns('__pycache__'))
    (root / 'emscripten-version.txt').write_text(f'"{version}"\n', encoding='utf-8')
    for library, names in _SOURCES.items():
        (root / 'system' / 'lib' / library).mkdir(parents=True)
        for name in names:
            says = 'SLOW' if library == 'libmany' else 'DEBUG' if name == 'a.c' else ''
            (root / 'system' / 'lib' / library / name).write_text(f'{library}/{name} {says}\n', encoding='utf-8')
    (root / 'system' / 'lib' / 'libbroken' / 'broken.c').write_text('BROKEN\n', encoding='utf-8')
    (root / 'system' / 'lib' / 'libc').mkdir()
    (root / 'system' / 'include').mkdir()
    (root / 'system' / 'include' / 'stdio.h').write_text('int puts(const char*);\n', encoding='utf-8')
    make_fake_llvm(directory / 'llvm', version=llvm)
    configure(root, directory / 'llvm')
    return root


def make_fake_llvm(directory: Path, *, version: int = 19) -> Path:
    """A directory with a clang, a wasm-ld and an llvm-ar that are scripts."""
    (directory / 'resource' / 'include').mkdir(parents=True)
    (directory / 'resource' / 'include' / 'stddef.h').write_text('typedef unsigned long size_t;\n', encoding='utf-8')
    for name, text in (('clang', _CLANG), ('clang++', _CLANG), ('llvm-ar', _ARCHIVER), ('wasm-ld', _ARCHIVER)):
        make_program(directory / name, text.replace('{python}', sys.executable).replace('{version}', str(version)))
    return directory


def make_program(directory: Path, text: str) -> Path:
    """An executable of a script with a `#!` line; on Windows, what pip makes of one: a launcher with the script attached."""
    if os.name != 'nt':
        interpreter, _, rest = text.partition('\n')
        if sys.executable in interpreter and ' ' in sys.executable:  # the kernel cuts the line at spaces
            options = interpreter.partition(sys.executable)[2]
            text = f"#!/bin/sh\n'''exec' {shlex.quote(sys.executable)}{options} \"$0\" \"$@\"\n' '''\n{rest}"
        directory.write_text(text, encoding='utf-8')
        os.chmod(directory, 0o755)
        return directory
    try:
        import distlib as launchers
    except ImportError:
        from pip._vendor import distlib as launchers
    attached = io.BytesIO()
    with zipfile.ZipFile(attached, 'w') as archive:
        archive.writestr(zipfile.ZipInfo('__main__.py'), text.partition('\n')[2])
    first = text.partition('\n')[0].encode()
    program = directory.with_name(f'{directory.name}.exe')
    program.write_bytes(Path(launchers.__file__).with_name('t64.exe').read_bytes() + first + b'\r\n' + attached.getvalue())
    return program


def configure(root: Path, llvm: Path) -> None:
    """Point a fake SDK to its LLVM."""
    (root / '.emscripten').write_text(f'LLVM_ROOT = {str(llvm)!r}\nBINARYEN_ROOT = {str(llvm)!r}\n', encoding='utf-8')
