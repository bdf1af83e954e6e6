import os

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
EM_CONFIG = os.environ.get('EM_CONFIG') or os.path.join(ROOT, '.emscripten')
LLVM_ROOT = BINARYEN_ROOT = CACHE = ''
NODE_JS = []
COMPILER_WRAPPER = None
LLVM_ADD_VERSION = CLANG_ADD_VERSION = None
with open(EM_CONFIG, encoding='utf-8') as f:
    said = {'__file__': EM_CONFIG}
    exec(f.read(), said)  # noqa: S102  # as Emscripten does
globals().update({name: value for name, value in said.items() if name.isupper()})
CACHE = os.environ.get('EM_CACHE') or CACHE or os.path.join(ROOT, 'cache')
PORTS = os.path.join(CACHE, 'ports')
