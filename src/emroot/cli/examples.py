"""The end of `--help`: examples, which the tests parse, and exit codes."""

from __future__ import annotations

EXIT_CODES = """\
exit codes:
  0 done   2 usage   3 no usable SDK   4 unknown feature or target
  5 a compile failed (the others are built and kept)
  6 store or cache directory damaged, full or not writable
  7 remote refused   130 interrupted
"""
#: Examples by command, each with its purpose. `''` is emroot itself.
EXAMPLES: dict[str, list[tuple[str, str]]] = {
    '': [('emroot run -- cmake --build build', 'builds the libraries that its links need'),
         ('emroot build --for "em++ -O2 -flto -pthread"', 'the libraries of this link'),
         ('emroot doctor', 'check this setup')],
    'sdk': [('emroot sdk show', 'the SDK in use'), ('emroot sdk install', 'get one')],
    'sdk show': [('emroot sdk show --json', 'for scripts'), ('emroot --sdk /opt/emsdk sdk show', 'another SDK')],
    'sdk node': [('emroot sdk node', 'for `"$(emroot sdk node)" main.js`: wasm64 needs Node 24, the one on PATH may be older')],
    'sdk install': [('emroot sdk install', 'the newest version'),
                    ('emroot sdk install --from emsdk --version 6.0.5', 'a certain version')],
    'list': [('emroot list', 'all targets of wasm32'),
             ("emroot list --features wasm64,lto 'libc++*' MINIMAL", 'some targets of another mode')],
    'resolve': [('emroot resolve -- em++ -O2 -flto -fwasm-exceptions a.o -o a.js', 'a command line'),
                ('emroot resolve --lang c -- -sMAIN_MODULE=2', 'only flags')],
    'build': [('emroot build --for "em++ -O2 -flto=thin -pthread"', 'the libraries of this link'),
              ('emroot build --features wasm64,thinlto', 'for ordinary C and C++ programs'),
              ("emroot build --features wasm64 --features wasm32,pic --targets 'libc,libc++*'", 'by name, in two modes'),
              ('emroot build', 'the selection in emroot.toml')],
    'env': [('eval "$(emroot env --for "em++ -O2 -flto")"', 'bash, zsh'),
            ('emroot env --features wasm64 --shell fish | source', 'fish')],
    'run': [('emroot run -- cmake --build build', 'links build missing libraries'),
            ('emroot run --for "em++ -O2 -flto" -- make -j4', 'build these libraries first')],
    'link': [('emroot link -- em++ -O2 -flto -fwasm-exceptions main.cpp -o app.js', 'compile only the objects that it needs'),
             ('emroot link --lazy off -- emcc main.c -o app.js', 'build whole libraries')],
    'index': [('emroot index export --features wasm64,lto -o wasm64-lto.index', 'on a machine that builds'),
              ('emroot index import wasm64-lto.index', 'on a machine that links')],
    'index export': [('emroot index export --for "em++ -O2 -flto" -o lto.index', 'of the libraries of this link')],
    'index import': [('emroot index import lto.index', 'into the store')],
    'explain': [('emroot explain wasm64-lto/libc-debug', 'text for diff'),
                ('emroot explain wasm64-lto/libc --object strlen.o', 'one object'),
                ('emroot explain wasm64/libc --against wasm64-lto', 'only the differences')],
    'verify': [('emroot verify', 'check only'), ('emroot verify --repair', 'check and repair')],
    'gc': [('emroot gc --max-size 5G', 'by size'), ('emroot gc --max-age 90d --dry-run', 'by age, remove nothing')],
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
    'trust': [('emroot trust', 'this project'), ('emroot trust --revoke ~/src/app', 'no longer trust that one')],
    'doctor': [('emroot doctor', 'check the setup'), ('make 2>&1 | emroot doctor', 'explain errors in a log of emcc')],
}


def epilog(command: str) -> str:
    """The text below the options of a command."""
    lines = [f'  {line}\n      {what}' for line, what in EXAMPLES.get(command, ())]
    return '\n'.join([*(['examples:', *lines, ''] if lines else []), EXIT_CODES])
