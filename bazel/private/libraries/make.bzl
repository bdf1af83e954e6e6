"""The build actions that make what emcc's cache holds: a library, a part of one, or a port
(`src/emroot/bazel/libraries/library_builder.py`)."""

load("//bazel/private/sdk:providers.bzl", "HeadersInfo", "LibraryInfo", "SdkInfo", "SourceFilesInfo")
load("//bazel/private/sdk:run_tool.bzl", "TOOL_ATTRIBUTES", "program", "run_tool")

MAKE_ATTRIBUTES = TOOL_ATTRIBUTES | {
    "files": attr.label(providers = [SourceFilesInfo], doc = "All sources, for embuilder."),
    "_engine": attr.label(default = Label("//:engine"), cfg = "exec"),
    "_headers": attr.label(default = Label("//bazel/private/sdk:headers"), providers = [HeadersInfo]),
    "_make": program("bazel/libraries/library_builder.py"),
    "_probe": attr.label(default = Label("//:probe"), cfg = "exec"),
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

def make_arguments(ctx, out, log):
    """Args of `library_builder.py` that libraries and ports share. `out`: a File, or the directory of a port."""
    args = ctx.actions.args()
    args.add("--target", ctx.attr.target)
    args.add_all("--out", [out], expand_directories = False)
    args.add("--log", log)
    return args

def make(ctx, verb, args, inputs, outputs, weight, mnemonic, message):
    """Make a library or a port with the verb `source` or `embuilder`: `weight` compiles of C."""
    sdk = ctx.attr._sdk[SdkInfo]
    jobs, resources = _resources(weight)
    read = [depset([sdk.about] + inputs), sdk.compiler]
    common = ctx.actions.args()
    common.add(verb)
    common.add("--sdk", sdk.about)
    if verb == "embuilder":
        files, headers = ctx.attr.files[SourceFilesInfo], ctx.attr._headers[HeadersInfo].directory
        read += [depset([files.anchor, headers]), files.own_headers, files.sources, sdk.emscripten, ctx.attr._probe[DefaultInfo].files]
        common.add_all("--headers", [headers], expand_directories = False)
    common.add("--jobs", jobs)
    tools = [ctx.attr._engine[DefaultInfo].files]
    run_tool(ctx, ctx.file._make, [common] + args, depset(transitive = read), outputs, mnemonic, message, tools, resource_set = resources)

def made(ctx, out, logs):
    """The providers of a library or a port."""
    return [
        DefaultInfo(files = depset([out])),
        OutputGroupInfo(logs = depset(logs)),
        LibraryInfo(file = out, target = ctx.attr.target),
    ]
