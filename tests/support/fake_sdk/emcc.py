"""The fake SDK's emcc: turns its own arguments into clang's, and starts that."""

import sys

from tools import config, shared, system_libs
from tools.response_file import substitute_response_files
from tools.settings import settings


def create_reproduce_file(name, args):
    raise NotImplementedError


def main(args):
    args = substitute_response_files(args)
    system_libs.ensure_sysroot()
    compiler = shared.CLANG_CXX if shared.run_via_emxx else shared.CLANG_CC
    settings.MEMORY64 = int('-m64' in args)
    target = ['-target', 'wasm64-fake' if settings.MEMORY64 else 'wasm32-fake']
    rest = [a for a in args[1:] if a not in ('-m64', '-o')]
    rest[-1] = '-o' + rest[-1]
    flags = [] if rest[-2].endswith('.s') else ['--sysroot=' + config.CACHE + '/sysroot']
    shared.exec_process([compiler, *target, *flags, *rest])


if __name__ == '__main__':
    main(sys.argv)
