"""`wasm_cc_test`: runs a program under the SDK's Node."""

load("//bazel/private/modes:transition.bzl", "wasm_transition")
load(":launcher.bzl", "LAUNCHER_ATTRIBUTES", "TEST_LINKOPTS", "arguments_aspect", "environment_of", "make_launcher")
load(":link.bzl", "link", "link_aspect")
load(":wasm_cc_binary.bzl", "WASM_ATTRIBUTES")

def _wasm_cc_test_impl(ctx):
    target = ctx.attr.cc_target[0]
    as_test = TEST_LINKOPTS if ctx.attr.exit_runtime and not ctx.attr.runner else []
    launcher, runfiles = make_launcher(ctx, target, link(ctx, target, as_test)[0], ctx.attr.runner)
    if not launcher:
        fail("the SDK has no Node to run tests with\n  hint: add --repo_env=EMROOT_NODE=/path/to/node to .bazelrc")
    runfiles = runfiles.merge(ctx.runfiles(ctx.files.data)).merge_all([
        dep[DefaultInfo].default_runfiles
        for dep in ctx.attr.data + ([ctx.attr.runner] if ctx.attr.runner else [])
    ])
    env = {name: ctx.expand_location(value, ctx.attr.data) for name, value in ctx.attr.env.items()}
    return [
        DefaultInfo(executable = launcher, runfiles = runfiles),
        environment_of(target, env, ctx.attr.env_inherit),
    ]

wasm_cc_test = rule(
    implementation = _wasm_cc_test_impl,
    doc = "A test that builds `cc_target` for WebAssembly and runs it under Node; it passes if the program's exit code is 0.",
    attrs = WASM_ATTRIBUTES | LAUNCHER_ATTRIBUTES | {
        "cc_target": attr.label(cfg = wasm_transition, mandatory = True, aspects = [arguments_aspect, link_aspect], doc = "The cc_binary or cc_test to run; its `args`, `env`, `env_inherit` and `data` are used, too."),
        "data": attr.label_list(allow_files = True, doc = "Files that the test reads."),
        "env": attr.string_dict(doc = "Environment variables of the test; $(rootpath) of `data` is expanded."),
        "env_inherit": attr.string_list(doc = "Environment variables that are inherited from Bazel's environment."),
        "exit_runtime": attr.bool(default = True, doc = "Whether the runtime shuts down when main returns. Otherwise output without a final newline is lost."),
        "runner": attr.label(executable = True, cfg = "target", doc = "A program that runs the test instead of Node, for example a browser. Its arguments are the path of the page, or of the script, and the arguments of the test."),
    },
    # Otherwise Bazel 9.0 to 9.2 want an execution platform that is the program's own platform.
    exec_groups = {"test": exec_group()},
    test = True,
)
