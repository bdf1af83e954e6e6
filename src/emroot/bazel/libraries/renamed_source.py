"""Compile a source under another path than its own, for objects that keep the path of their source.

    python renamed_source.py ROOT SAID SOURCE COMMAND...

COMMAND compiles SOURCE, which lies below the directory ROOT; in the object ROOT is called SAID. Bitcode keeps the path of its
source, and so does what a sanitizer says of variables; no flag maps it, and embuilder gives some sources by absolute paths
(`system_libs.py: build_objects`). So the compiler is shown the source under another path, by an overlay of the file system.
Clang's driver knows nothing of overlays, but its front end does: the driver, or emcc before it, is asked what it would run.
"""

import json
import os
import shlex
import subprocess
import sys
import tempfile


def compile_renamed(root: str, recorded: str, source: str, command: 'list[str]') -> int:
    """Run `command` and return its exit code; its messages go to standard error."""
    name = recorded + source[len(root):]
    maps = [word.replace(root, recorded, 1) for word in command if word.startswith('-ffile-prefix-map=' + root + '=')]
    asked = subprocess.run([*command, *maps, '-###'], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                           stderr=subprocess.STDOUT, encoding='utf-8', errors='surrogateescape', check=False)
    lines = [line for line in asked.stdout.splitlines() if line.startswith(' "')]
    words = shlex.split(lines[-1]) if lines else []
    if asked.returncode != 0 or words[-1:] != [source]:
        sys.stderr.write(asked.stdout)
        return asked.returncode or 1
    with tempfile.TemporaryDirectory(prefix='emroot-') as directory:
        overlay = os.path.join(directory, 'overlay.yaml')
        with open(overlay, 'w', encoding='utf-8') as file:
            json.dump({'version': 0, 'use-external-names': False,
                       'roots': [{'name': name, 'type': 'file', 'external-contents': source}]}, file)
        return subprocess.run([*words[:-1], '-ivfsoverlay', overlay, name], stdin=subprocess.DEVNULL, check=False).returncode


if __name__ == '__main__':
    sys.exit(compile_renamed(sys.argv[1], sys.argv[2], sys.argv[3], sys.argv[4:]))
