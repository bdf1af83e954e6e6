"""The build actions that make what emcc's cache holds: a library, a part of one, or a port (`src/emroot/bazel/libraries/library_builder.py`)."""

load("//bazel/private/sdk:providers.bzl", "HeadersInfo", "SdkInfo")
load("//bazel/private/sdk:python.bzl", "PythonInfo")
load("//bazel/private/sdk:run_tool.bzl", "run_tool")

# All of it is for the machine that runs the action.
MAKE_ATTRIBUTES = {
    "_engine": attr.label(default = Label("//:engine"), cfg = "exec"),
    "_headers": attr.label(default = Label("//bazel/private/sdk:headers"), providers = [HeadersInfo]),
    "_make": attr.label(default = Label("//:src/emroot/bazel/libraries/library_builder.py"), allow_single_file = True, cfg = "exec"),
    "_probe": attr.label(default = Label("//:probe"), cfg = "exec"),
    "_python": attr.label(default = Label("//bazel/private/sdk:python"), cfg = "exec", providers = [PythonInfo]),
    "_sdk": attr.label(default = Label("@emscripten_sdk//:sdk"), cfg = "exec", providers = [SdkInfo]),
}

def _cpus_1(_os, _inputs):
    return {"cpu": 1, "memory": 300}

def _cpus_2(_os, _inputs):
    return {"cpu": 2, "memory": 600}

def _cpus_4(_os, _inputs):
    return {"cpu": 4, "memory": 1200}

def _resources(weight):
    """How many processors an action may use, and how Bazel is told."""
    if weight < 40:
        return 1, _cpus_1
    return (2, _cpus_2) if weight < 200 else (4, _cpus_4)

def make(ctx, verb, args, inputs, outputs, weight, mnemonic, message, sources = None):
    """Make something.

    Args:
      ctx: of a rule with MAKE_ATTRIBUTES.
      verb: `source` or `embuilder`.
      args: Args of `library_builder.py`.
      inputs: list of Files, besides those of all such actions.
      outputs: list of Files
      weight: how much work it is, in compiles of C.
      mnemonic: of the action.
      message: what Bazel shows while it runs.
      sources: depset of the SDK's sources that are read; by default all.
    """
    sdk = ctx.attr._sdk[SdkInfo]
    jobs, resources = _resources(weight)
    read = [depset([sdk.about, sdk.anchor] + inputs), sdk.compiler, sources or sdk.sources]
    if verb != "source":
        read += [sdk.emscripten, ctx.attr._probe[DefaultInfo].files]
    common = ctx.actions.args()
    common.add(verb)
    common.add("--sdk", sdk.about)
    common.add("--jobs", jobs)
    run_tool(
        ctx,
        ctx.attr._python[PythonInfo],
        ctx.file._make,
        [common, args],
        inputs = depset(transitive = read),
        outputs = outputs,
        mnemonic = mnemonic,
        message = message,
        tools = [ctx.attr._engine[DefaultInfo].files],
        resource_set = resources,
    )
