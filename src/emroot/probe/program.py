"""The program that runs inside an SDK, in its own Python (3.8 or later): it asks the SDK's modules, and answers in JSON.

    python -B program.py REQUEST.json ANSWER.json

The request names the Emscripten root and one question of `QUESTIONS`. Nothing about Emscripten's libraries is known here:
variants, sources, flags and order come from running the SDK's classes with their last step, the one that would start a process
or write a file, replaced by one that records. Nothing is written into the SDK.
"""

import json
import os
import sys

sys.path.append(os.path.dirname(os.path.abspath(__file__)))  # Python's -I keeps a script's neighbours out of reach
import compiled_modules  # noqa: F401  # before the others, which it keeps compiled
from libraries import listing, recipes
from run_embuilder import embuilder
from sdk_modules import SdkModules, Stop
from seam_access import answering, lacking, require

__all__ = ['SCHEMA', 'SdkModules', 'Stop', 'main']  # for the other programs


def schema():
    """The version of the answers (`schemas.py`, above this folder)."""
    page = {}
    with open(os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), 'schemas.py'), encoding='utf-8') as f:
        exec(f.read(), page)  # noqa: S102  # imported by name, it would bring emroot's modules in reach of the SDK's
    return page['PROBE']


SCHEMA = schema()


def identify(sdk, request):
    """The SDK's properties: version, paths of its parts, and the stamp that emcc expects in a cache."""
    shared, config = sdk.shared, sdk.config
    return {
        'version': sdk.utils.EMSCRIPTEN_VERSION,
        'llvm_root': config.LLVM_ROOT,
        'binaryen_root': config.BINARYEN_ROOT,
        'node': list(config.NODE_JS) if config.NODE_JS else [],
        'config': config.EM_CONFIG if os.path.isfile(config.EM_CONFIG) else None,
        'cache': str(getattr(config, 'CACHE', '') or ''),
        'compiler_wrapper': str(getattr(config, 'COMPILER_WRAPPER', '') or ''),
        'sanity': shared.generate_sanity(),
        'expected_llvm': int(shared.EXPECTED_LLVM_VERSION),
        'llvm_suffix': config.LLVM_ADD_VERSION,
        'clang_suffix': config.CLANG_ADD_VERSION,
        'tools': {'clang': shared.CLANG_CC, 'clang++': shared.CLANG_CXX, 'llvm-ar': shared.LLVM_AR,
                  'wasm-ld': shared.WASM_LD},
        'lacking': [seam.path for seam in lacking()],
    }


def headers(sdk, request):
    """Let the SDK install its headers into EM_CACHE, and return the stamp that emcc expects."""
    sdk.cache.setup()
    sdk.system_libs.ensure_sysroot()
    return {'cache': str(sdk.cache.cachedir), 'sanity': sdk.shared.generate_sanity()}


#: Each question, and the use of the SDK's names that it makes (`seams.py`).
QUESTIONS = {'embuilder': (embuilder, 'embuilder'), 'identify': (identify, 'identify'), 'listing': (listing, 'libraries'),
             'recipes': (recipes, 'libraries'), 'headers': (headers, 'headers')}


def main(request_file, answer_file):
    with open(request_file, encoding='utf-8') as f:
        request = json.load(f)
    sdk = SdkModules(os.path.normpath(request['root']))
    answer_to, use = QUESTIONS[request['question']]
    require(use)
    answer = answer_to(sdk, request)
    answer['schema'] = SCHEMA
    with open(answer_file, 'w', encoding='utf-8', newline='\n') as f:
        json.dump(answer, f, separators=(',', ':'))


if __name__ == '__main__':
    answering(main)
