import os

from . import config

EMSCRIPTEN_VERSION = '9.9.9'
EXPECTED_LLVM_VERSION = 19
EXE = '.exe' if os.name == 'nt' else ''
CLANG_CC = os.path.join(config.LLVM_ROOT, 'clang' + EXE)
CLANG_CXX = os.path.join(config.LLVM_ROOT, 'clang++' + EXE)
LLVM_AR = os.path.join(config.LLVM_ROOT, 'llvm-ar' + EXE)
WASM_LD = os.path.join(config.LLVM_ROOT, 'wasm-ld' + EXE)
run_via_emxx = False


def generate_sanity():
    return '%s|%s\n' % (EMSCRIPTEN_VERSION, config.LLVM_ROOT)


def check_sanity(*args, **kwargs):
    pass


def exec_process(cmd):
    os.execv(cmd[0], cmd)
