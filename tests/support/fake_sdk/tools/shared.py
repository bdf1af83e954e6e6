import os

from . import config
from .utils import EMSCRIPTEN_VERSION

EXPECTED_LLVM_VERSION = 19
EXE = '.exe' if os.name == 'nt' else ''
CLANG_CC = os.path.join(config.LLVM_ROOT, 'clang' + EXE)
CLANG_CXX = os.path.join(config.LLVM_ROOT, 'clang++' + EXE)
LLVM_AR = os.path.join(config.LLVM_ROOT, 'llvm-ar' + EXE)
WASM_LD = os.path.join(config.LLVM_ROOT, 'wasm-ld' + EXE)
EMCC, EMXX, EMAR, EMRANLIB = (os.path.join(config.ROOT, name) for name in ('emcc', 'em++', 'emar', 'emranlib'))
EMSCRIPTEN_TEMP_DIR = ''
SKIP_SUBPROCS = False
run_via_emxx = False


def generate_sanity():
    return '%s|%s\n' % (EMSCRIPTEN_VERSION, config.LLVM_ROOT)


def check_sanity(*args, **kwargs):
    pass


perform_sanity_checks = check_sanity


def check_call(cmd):
    raise NotImplementedError


def exec_process(cmd):
    os.execv(cmd[0], cmd)
