"""A test that runs in a real browser: `runner` of `wasm_cc_test`."""

from __future__ import annotations

from collections.abc import Callable

from support.browser.chromium import PROGRAM, debians_own
from support.downloads.debian_packages import ProgramUnavailable
from support.running import cannot_run
from support.workspace import Workspace, module_file

MORE = '''
bazel_dep(name = "rules_cc", version = "0.0.17")
bazel_dep(name = "platforms", version = "0.0.10")
'''
BUILD = '''
load("@emroot//bazel:defs.bzl", "wasm_cc_test")
load("@rules_cc//cc:cc_test.bzl", "cc_test")
sh_binary(name = "browser", srcs = ["browser.py"])
cc_test(name = "program", srcs = ["program.c"])
[wasm_cc_test(name = name, args = args, cc_target = ":program", linkopts = ["--oformat=html"], runner = ":browser")
 for name, args in (("passes", ["42"]), ("fails", ["43"]))]
'''
SOURCE = r'''
#include <emscripten.h>
int main(void) {
  EM_ASM({ document.title = 'says ' + $0; }, 42);
  return 0;
}
'''
#: Serves the page, and passes if its title is what the test's argument says.
RUNNER = '''#!/usr/bin/env python3
import functools, http.server, os, subprocess, sys, tempfile, threading
directory, page = os.path.split(sys.argv[1])
handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=directory)
server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
with tempfile.TemporaryDirectory() as profile:
    options = ('--headless', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--virtual-time-budget=20000')
    done = subprocess.run([CHROMIUM, *options, '--user-data-dir=' + profile, '--dump-dom',
                           f'http://127.0.0.1:{server.server_port}/{page}'],
                          env={**os.environ, **ENVIRONMENT}, stdout=subprocess.PIPE, text=True)
said = done.stdout.partition('<title>')[2].partition('</title>')[0]
print('the page', said)
sys.exit(said != 'says ' + sys.argv[2])
'''


def test_a_test_passes_and_fails_in_a_browser(scratch: Callable[..., Workspace]) -> None:
    try:
        tree, environment = debians_own()
    except ProgramUnavailable as why:
        cannot_run(str(why))
    runner = RUNNER.replace('CHROMIUM', repr(str(tree / PROGRAM))).replace('ENVIRONMENT', repr(environment))
    workspace = scratch({'MODULE.bazel': module_file(more=MORE), 'BUILD.bazel': BUILD, 'program.c': SOURCE, 'browser.py': runner,
                         '.bazelrc': 'common --noenable_workspace\nbuild --features=c_link --@emroot//bazel:granularity=lazy\n'},
                        reads=[tree])
    (workspace.directory / 'browser.py').chmod(0o755)
    said = workspace.run('test', '--test_output=all', '--keep_going', '//:passes', '//:fails', check=False)
    assert said.returncode == 3, said.stderr[-3000:]
    assert said.stdout.count('the page says 42') == 2
