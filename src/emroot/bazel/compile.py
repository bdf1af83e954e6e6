"""The build action that compiles one object.

    python compile.py ABOUT CLANG RESOURCE_DIR OUT SOURCE ARGUMENT...

ABOUT (`sdk.json`, beside `emscripten/` and `headers/`), CLANG, RESOURCE_DIR (a file that says where clang's own headers are to
appear) and OUT are paths relative to Bazel's execution root; SOURCE and the ARGUMENTs are as the recipe has them. There are a
thousand of these in a build, so that this imports nothing that Python has not loaded, and becomes the compiler.
"""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'engine'))

import spelling  # type: ignore[import-not-found]  # by itself: packages above it would be compiled anew each time


def main(about: str, clang: str, resource_dir: str, out: str, source: str, *argv: str) -> int:
    """Compile; the exit code, where the compiler cannot take this process's place."""
    clang, place = os.path.abspath(clang), os.path.dirname(os.path.abspath(about))
    root, here = os.path.join(place, 'emscripten'), os.path.dirname(os.path.abspath(__file__))
    with open(resource_dir, encoding='utf-8') as text:
        mapped = spelling.map_resource_dir(clang, text.read())
    command = [clang, *mapped, *spelling.spell(argv, sdk=root, cache=os.path.join(place, 'headers'),
                                               source=source, out=os.path.abspath(out))]
    os.chdir(os.path.join(root, *spelling.WORKING_DIRECTORY))
    if spelling.keeps_place(argv, source):
        import json  # few do
        with open(os.path.join(place, os.path.basename(about)), encoding='utf-8') as text:
            said = json.load(text)['root']
        command = [sys.executable, '-I', '-S', '-B', os.path.join(here, 'named_source.py'), root, said,
                   source.replace('{sdk}', root), *command]
    if os.name != 'nt':
        os.execv(command[0], command)  # noqa: S606  # no shell, as everywhere
    import subprocess  # there is no exec there
    return subprocess.run(command, check=False, stdin=subprocess.DEVNULL).returncode


if __name__ == '__main__':
    sys.exit(main(*sys.argv[1:]))
