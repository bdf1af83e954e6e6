"""`wasm_cc_test`: runs a program under the SDK's Node."""

load(":launcher.bzl", "LAUNCHER_ATTRIBUTES", "arguments_aspect", "environment_of", "make_launcher")
load(":link.bzl", "link", "link_aspect")
load(":transition.bzl", "wasm_transition")
load(":wasm_cc_binary.bzl", "WASM_ATTRIBUTES")

def _wasm_cc_test_impl(ctx):
    target = ctx.attr.cc_target[0]
    launcher, runfiles = make_launcher(ctx, target, link(ctx, target)[0])
    if not launcher:
        fail("the SDK has no Node to run tests with: name one with --repo_env=EMROOT_NODE=/path/to/node")
    runfiles = runfiles.merge(ctx.runfiles(ctx.files.data)).merge_all([dep[DefaultInfo].default_runfiles for dep in ctx.attr.data])
    env = {name: ctx.expand_location(value, ctx.attr.data) for name, value in ctx.attr.env.items()}
    return [
        DefaultInfo(executable = launcher, runfiles = runfiles),
        environment_of(target, env, ctx.attr.env_inherit),
    ]

wasm_cc_test = rule(
    implementation = _wasm_cc_test_impl,
    doc = "A test that builds `cc_target` for WebAssembly and runs it under Node; it passes if the program's exit code is 0.",
    attrs = WASM_ATTRIBUTES | LAUNCHER_ATTRIBUTES | {
        "cc_target": attr.label(cfg = wasm_transition, mandatory = True, aspects = [arguments_aspect, link_aspect], doc = "The cc_binary or cc_test to run; `args`, `env`, `env_inherit` and `data` of it count."),
        "data": attr.label_list(allow_files = True, doc = "Files that the test reads."),
        "env": attr.string_dict(doc = "Variables of the test, with $(rootpath) of `data`."),
        "env_inherit": attr.string_list(doc = "Variables that are passed on from where Bazel was started."),
        "exit_runtime": attr.bool(default = True, doc = "Whether the runtime shuts down when main returns: without, what is written without a newline at its end is lost."),
    },
    test = True,
)
