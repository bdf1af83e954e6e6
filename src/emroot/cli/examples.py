"""What `--help` shows below the options: examples, which the tests read with the parser, and exit codes."""

from __future__ import annotations

EXIT_CODES = """\
exit codes:
  0 done   2 usage   3 no usable SDK   4 unknown feature or target
  5 a compile failed (the others are built and kept)
  6 store or cache directory damaged, full or not writable
  7 remote refused   130 interrupted
"""
#: By command, each with what it is for. `''` is emroot itself.
EXAMPLES: dict[str, list[tuple[str, str]]] = {
    '': [('emroot run -- cmake --build build', 'whatever its links miss is built, all at once'),
         ('emroot build --for "em++ -O2 -flto -pthread"', 'exactly what this link needs'),
         ('emroot doctor', 'what is wrong with this set-up')],
    'sdk': [('emroot sdk show', 'the one in use'), ('emroot sdk install', 'none yet')],
    'sdk show': [('emroot sdk show --json', 'for scripts'), ('emroot --sdk /opt/emsdk sdk show', 'another one')],
    'sdk node': [('emroot sdk node', 'for `"$(emroot sdk node)" main.js`: wasm64 wants Node 24, that on PATH may be older')],
    'sdk install': [('emroot sdk install', 'the newest there is'),
                    ('emroot sdk install --from emsdk --version 6.0.5', 'a certain one')],
    'list': [('emroot list', 'all of wasm32'), ("emroot list --features wasm64,lto 'libc++*' MINIMAL", 'some of another mode')],
    'resolve': [('emroot resolve -- em++ -O2 -flto -fwasm-exceptions a.o -o a.js', 'a command line'),
                ('emroot resolve --lang c -- -sMAIN_MODULE=2', 'flags alone')],
    'build': [('emroot build --for "em++ -O2 -flto=thin -pthread"', 'whatever this link needs'),
              ('emroot build --features wasm64,thinlto', 'for ordinary C and C++ programs'),
              ("emroot build --features wasm64 --features wasm32,pic --targets 'libc,libc++*'", 'by name, in two modes'),
              ('emroot build', 'what emroot.toml says')],
    'env': [('eval "$(emroot env --for "em++ -O2 -flto")"', 'bash, zsh'),
            ('emroot env --features wasm64 --shell fish | source', 'fish')],
    'run': [('emroot run -- cmake --build build', 'links build what they miss'),
            ('emroot run --for "em++ -O2 -flto" -- make -j4', 'build this first')],
    'link': [('emroot link -- em++ -O2 -flto -fwasm-exceptions main.cpp -o app.js', 'compile just what it pulls'),
             ('emroot link --lazy off -- emcc main.c -o app.js', 'whole libraries, as `emroot run` has them')],
    'index': [('emroot index export --features wasm64,lto -o wasm64-lto.index', 'on a machine that builds them'),
              ('emroot index import wasm64-lto.index', 'on one that links')],
    'index export': [('emroot index export --for "em++ -O2 -flto" -o lto.index', 'of what this link needs')],
    'index import': [('emroot index import lto.index', 'into the store')],
    'explain': [('emroot explain wasm64-lto/libc-debug', 'text for diff'),
                ('emroot explain wasm64-lto/libc --object strlen.o', 'one object'),
                ('emroot explain wasm64/libc --against wasm64-lto', 'only what differs')],
    'verify': [('emroot verify', 'look'), ('emroot verify --repair', 'and mend')],
    'gc': [('emroot gc --max-size 5G', 'by size'), ('emroot gc --max-age 90d --dry-run', 'by age, only to see')],
    'export': [('emroot export --for "em++ -O2 -flto" -o libs.tar.gz', 'an archive'),
               ('emroot export --features wasm64 -o libs.tar.gz --print-bazel https://example.com/libs.tar.gz',
                "for emsdk's Bazel module")],
    'import': [('emroot import libs.tar.gz', 'into the cache directory')],
    'publish': [('emroot publish www/libs --for "em++ -O2 -flto"', 'files for any web server'),
                ('emroot publish https://cache.example/emroot --features wasm64,lto', 'a remote')],
    'cache-key': [('emroot cache-key --for "em++ -O2 -flto"', 'the same on every machine')],
    'report': [('emroot report -o report.html', 'a page'), ('emroot report --json', 'its data')],
    'completion': [('eval "$(emroot completion bash)"', 'in ~/.bashrc'),
                   ('eval "$(emroot completion zsh)"', 'in ~/.zshrc, after compinit'),
                   ('emroot completion fish > ~/.config/fish/completions/emroot.fish', 'once'),
                   ('emroot completion powershell | Out-String | Invoke-Expression', 'in $PROFILE')],
    'trust': [('emroot trust', 'this project'), ('emroot trust --revoke ~/src/app', 'no longer that one')],
    'doctor': [('emroot doctor', 'the set-up'), ('make 2>&1 | emroot doctor', 'what a log of emcc means')],
}


def epilog(command: str) -> str:
    """What stands below the options of a command."""
    lines = [f'  {line}\n      {what}' for line, what in EXAMPLES.get(command, ())]
    return '\n'.join([*(['examples:', *lines, ''] if lines else []), EXIT_CODES])
