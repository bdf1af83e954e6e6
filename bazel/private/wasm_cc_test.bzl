"""`wasm_cc_test`: runs a program under the SDK's Node."""

load(":library.bzl", "SdkInfo")
load(":transition.bzl", "wasm_transition")
load(":wasm_cc_binary.bzl", "WASM_ATTRIBUTES")

_LAUNCHER = """\
#!/usr/bin/env python3
import os
import runpy
import sys

here = os.environ.get("RUNFILES_DIR") or os.environ.get("TEST_SRCDIR") or __file__ + ".runfiles"
sys.argv[1:1] = [os.path.join(here, path) for path in {paths}]
runpy.run_path(os.path.join(here, {program}), run_name="__main__")
"""

def _path(ctx, file):
    """Where a file lies below the runfiles directory."""
    return file.short_path[3:] if file.short_path.startswith("../") else ctx.workspace_name + "/" + file.short_path

def _wasm_cc_test_impl(ctx):
    packed = ctx.attr.cc_target[0][DefaultInfo].files_to_run.executable
    node = [f for f in ctx.attr._sdk[SdkInfo].linker.to_list() if f.basename in ("node", "node.exe") and "/node/" in f.path]
    if not node:
        fail("the SDK has no Node to run tests with: set EMROOT_NODE")
    program = ctx.file._run
    launcher = ctx.actions.declare_file(ctx.label.name + ".py")
    ctx.actions.write(launcher, _LAUNCHER.format(
        paths = [_path(ctx, node[0]), _path(ctx, packed)],
        program = repr(_path(ctx, program)),
    ), is_executable = True)
    runfiles = ctx.runfiles([node[0], packed, program]).merge(ctx.attr.cc_target[0][DefaultInfo].default_runfiles)
    return [DefaultInfo(executable = launcher, runfiles = runfiles)]

wasm_cc_test = rule(
    implementation = _wasm_cc_test_impl,
    doc = "A test that builds `cc_target` for WebAssembly and runs it under Node; it passes if the program's exit code is 0.",
    attrs = WASM_ATTRIBUTES | {
        "cc_target": attr.label(cfg = wasm_transition, mandatory = True, doc = "The cc_binary to run."),
        "_run": attr.label(default = Label("//:src/emroot/bazel/run.py"), allow_single_file = True),
        "_sdk": attr.label(default = Label("@emscripten_sdk//:sdk"), cfg = "exec", providers = [SdkInfo]),
    },
    test = True,
)
