"""What emroot built is what emcc finds: programs in modes that no SDK ships, linked with a frozen cache, and run."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from support.running import Emroot, cannot_run, plain_environment

from emroot.libraries.catalogue import Catalogue
from emroot.modes import Mode, parse_mode
from emroot.sdk import Sdk

C = '''#include <stdio.h>
#include <stdlib.h>
#include <math.h>
int main(int argc, char** argv) {
  char* text = malloc(100);
  snprintf(text, 100, "%zu %.3f", sizeof(void*), sqrt(argc + 1.0));
  puts(text);
  return 0;
}
'''
CXX = '''#include <iostream>
#include <map>
#include <stdexcept>
#include <string>
int main() {
  std::map<std::string, int> words{{"one", 1}, {"two", 2}};
  try {
    words.at("three");
  } catch (const std::out_of_range&) {
    std::cout << sizeof(void*) << " caught " << words.size() << std::endl;
  }
}
'''
_MISSING = re.compile(r'cache file is missing: "([^"]+)"')
#: Where to begin; what a release wants besides, its emcc names one by one.
_KNOWN = ('crt1', 'libc-debug', 'libdlmalloc-debug', 'libdlmalloc', 'libclang_rt.builtins-wasmsjlj', 'libclang_rt.builtins',
          'libcompiler_rt-wasm-sjlj', 'libcompiler_rt', 'libGL-getprocaddr', 'libal', 'libhtml5', 'libstubs-debug', 'libstubs',
          'libnoexit', 'libsockets', 'libc')
_KNOWN_CXX = ('libc++-debug-wasmexcept', 'libc++-wasmexcept', 'libc++-except', 'libc++abi-debug-wasmexcept',
              'libc++abi-wasmexcept', 'libc++abi-except', 'libc++abi-debug-except', 'libunwind-wasmexcept', 'libunwind-except')


def _link(shared: Emroot, sdk: Sdk, catalogue: Catalogue, mode: Mode, command: list[str], cache: Path, known: list[str]) -> int:
    """Build `known` and link frozen; build what emcc says is missing, by its name, until it links. How often it missed."""
    listing = catalogue.listing(mode)
    by_path = {library.path: name for name, library in listing.libraries.items()}
    wanted = [name for name in known if name in listing.libraries]
    env = plain_environment({'EM_CACHE': str(cache), 'EM_FROZEN_CACHE': '1', 'PYTHONDONTWRITEBYTECODE': '1'})
    for missed in range(25):
        shared.build(*wanted, features=mode.name, cache=cache)
        done = subprocess.run([*sdk.python, '-B', *command], env=env, capture_output=True, text=True, check=False)
        if done.returncode == 0:
            return missed
        missing = _MISSING.findall(done.stderr)
        assert missing, done.stderr
        wanted = [by_path[missing[-1]]]
    raise AssertionError('emcc asks for ever more')


@pytest.mark.slow
@pytest.mark.parametrize(('language', 'program', 'flags', 'says'), [
    ('c', C, ['emcc.py', '-sDEFAULT_TO_CXX=0'], '8 1.414\n'),
    ('cpp', CXX, ['em++.py', '-fwasm-exceptions'], '8 caught 2\n'),
], ids=['C', 'C++'])
def test_a_wasm64_thinlto_program_links_frozen_and_runs(shared: Emroot, sdk: Sdk, catalogue: Catalogue, tmp_path: Path,
                                                        language: str, program: str, flags: list[str], says: str):
    if sdk.node_version < (24,):
        cannot_run(f'wasm64 programs need Node 24, the SDK has {sdk.node_version}')
    mode = parse_mode('wasm64-thinlto')
    source, out = tmp_path / f'main.{language}', tmp_path / 'main.js'
    source.write_text(program)
    command = [str(sdk.root / flags[0]), *flags[1:], *mode.emcc_flags, '-O1', str(source), '-o', str(out)]
    known = [*_KNOWN, *(_KNOWN_CXX if language == 'cpp' else ())]
    _link(shared, sdk, catalogue, mode, command, tmp_path / 'cache', known)
    ran = subprocess.run([*sdk.node, str(out)], capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stdout) == (0, says), ran.stderr
    assert not list((tmp_path / 'cache').rglob('*.tmp'))


def test_emcc_does_not_erase_a_cache_directory_of_its_own_sdk(shared: Emroot, sdk: Sdk, tmp_path: Path):
    """emcc erases a cache whose `sanity.txt` is not its own, unless that is frozen."""
    shared.build('libnoexit', cache=tmp_path / 'cache')
    (tmp_path / 'main.c').write_text('#include <stdio.h>\n#include <emscripten.h>\nint x;\n')
    env = plain_environment({'EM_CACHE': str(tmp_path / 'cache'), 'PYTHONDONTWRITEBYTECODE': '1'})
    command = [*sdk.python, '-B', str(sdk.root / 'emcc.py'), '-c', str(tmp_path / 'main.c'), '-o', str(tmp_path / 'main.o')]
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=True)
    assert 'clear' not in done.stderr.lower()
    assert shared.build('libnoexit', cache=tmp_path / 'cache')['modes']['wasm32']['reused'] == ['libnoexit']
