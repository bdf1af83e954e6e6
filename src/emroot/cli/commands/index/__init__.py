"""`emroot index`: which symbols the members of libraries have, in one small file, so that elsewhere a first link can be lazy."""

COMMANDS = {
    'export': 'write the indexes of the selected libraries; missing libraries are built',
    'import': 'import the indexes of a file into the store',
}
EXAMPLES = [('emroot index export --features wasm64,lto -o wasm64-lto.index', 'on a machine that builds'),
            ('emroot index import wasm64-lto.index', 'on a machine that links')]
