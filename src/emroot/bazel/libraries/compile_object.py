"""The build action that compiles one object.

    python compile_object.py ABOUT CLANG RESOURCE_DIR OUT SOURCE ARGUMENT...

ABOUT (`sdk.json`), CLANG, RESOURCE_DIR (a file that says where clang's own headers are to appear) and OUT are paths relative to
Bazel's execution root; SOURCE and the ARGUMENTs are as the recipe has them. There are a thousand of these in a build, so that
this imports nothing that Python has not loaded, and becomes the compiler.
"""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', '..', 'engine', 'command_lines'))

import placeholders  # type: ignore[import-not-found]  # by itself: packages above it would be compiled anew each time


def main(about: str, clang: str, resource_dir: str, out: str, source: str, *argv: str) -> int:
    """Compile. On POSIX the compiler replaces this process; on Windows its exit code is returned."""
    clang, directory = os.path.abspath(clang), os.path.dirname(os.path.abspath(about))
    root, here = os.path.join(directory, 'emscripten'), os.path.dirname(os.path.abspath(__file__))
    with open(resource_dir, encoding='utf-8') as text:
        mapped = placeholders.map_resource_dir(clang, text.read())
    command = [clang, *mapped, *placeholders.substitute(argv, sdk=root, cache=os.path.join(directory, 'headers'),
                                                        source=source, out=os.path.abspath(out))]
    os.chdir(os.path.join(root, *placeholders.WORKING_DIRECTORY))
    if placeholders.embeds_source_path(argv, source):
        import json  # few do
        with open(os.path.join(directory, os.path.basename(about)), encoding='utf-8') as text:
            recorded_root = json.load(text)['root']
        command = [sys.executable, '-I', '-S', '-B', os.path.join(here, 'renamed_source.py'), root, recorded_root,
                   source.replace('{sdk}', root), *command]
    if os.name != 'nt':
        os.execv(command[0], command)  # noqa: S606  # no shell, as everywhere
    import subprocess  # there is no exec there
    return subprocess.run(command, check=False, stdin=subprocess.DEVNULL).returncode


if __name__ == '__main__':
    sys.exit(main(*sys.argv[1:]))
