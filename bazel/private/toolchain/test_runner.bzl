"""How a `cc_test` runs that is built for WebAssembly: under the SDK's Node, as `bazel test` runs any test."""

load("//bazel/private/rules:launcher.bzl", "LAUNCHER_ATTRIBUTES", "TEST_LINKOPTS", "find_node", "write_launcher")
load("//bazel/private/rules:link.bzl", "PackedInfo")
load("//bazel/private/sdk:providers.bzl", "SdkInfo")
load("//bazel/private/sdk:python.bzl", "PythonInfo")

def _run(ctx, binary, processed_environment, python, run, node, **_kwargs):
    """Providers of a `cc_test`, of which `binary` is what its link left."""
    launcher, runfiles = write_launcher(ctx, python, run, node, binary.executable, [])
    return [
        DefaultInfo(executable = launcher, files = binary.files, runfiles = runfiles.merge(binary.runfiles)),
        PackedInfo(file = binary.executable),
        RunEnvironmentInfo(environment = processed_environment, inherited_environment = ctx.attr.env_inherit),
    ]

def _test_runner_impl(ctx):
    node = find_node(ctx.attr._sdk[SdkInfo])
    if not node:
        fail("the SDK has no Node to run tests with\n  hint: add --repo_env=EMROOT_NODE=/path/to/node to .bazelrc")
    return [platform_common.ToolchainInfo(cc_test_info = struct(
        get_runner = struct(
            args = {"node": node, "python": ctx.attr._python[PythonInfo], "run": ctx.file._run},
            func = _run,
        ),
        linkopts = TEST_LINKOPTS,
        linkstatic = True,
    ))]

test_runner = rule(
    implementation = _test_runner_impl,
    doc = "A toolchain of the type that `cc_test` asks for.",
    attrs = LAUNCHER_ATTRIBUTES,
)
