"""`emscripten_sdk`: what an SDK consists of, for the rules that use it."""

load(":providers.bzl", "SdkInfo", "SourceFilesInfo")

# As `src/emroot/engine/command_lines/placeholders.py` has it.
WORKING_DIRECTORY = "system/lib/libc/"

def _resource_flags(ctx, own):
    """Arguments that have clang read its own headers, in `own`, as inputs of its action, and name them as the SDK does."""
    said, out = ctx.attr.said_resource_dir, ctx.actions.declare_file("resource_dir.rsp")
    words = ["-resource-dir=" + own, "-ffile-prefix-map=%s=%s" % (own, said)]
    ctx.actions.write(out, "".join(['"%s"\n' % word.replace("\\", "\\\\") for word in words]))
    return out

def _sdk_impl(ctx):
    own = "%s/llvm/lib/clang/%s" % (ctx.file.about.dirname, ctx.attr.said_resource_dir.replace("\\", "/").split("/")[-1])
    return [SdkInfo(
        about = ctx.file.about,
        archiver = ctx.file.archiver,
        archivers = depset(ctx.files.archivers),
        clang = {"clang": ctx.files.clang[0], "clang++": ctx.files.clang[-1]},
        compiler = depset(ctx.files.compilers + ctx.files.archivers),
        compilers = depset(ctx.files.compilers),
        compiling = depset(ctx.files.compiling),
        directory = ctx.file.about.dirname,
        emscripten = depset(ctx.files.emscripten),
        linker = depset(ctx.files.linker),
        resource_dir = ctx.file.resource_dir,
        resource_flags = _resource_flags(ctx, own),
    )]

emscripten_sdk = rule(
    implementation = _sdk_impl,
    attrs = {
        "about": attr.label(allow_single_file = True),
        "archiver": attr.label(allow_single_file = True),
        "archivers": attr.label_list(allow_files = True),
        "clang": attr.label_list(allow_files = True),
        "compilers": attr.label_list(allow_files = True),
        "compiling": attr.label_list(allow_files = True),
        "emscripten": attr.label_list(allow_files = True),
        "linker": attr.label_list(allow_files = True),
        "resource_dir": attr.label(allow_single_file = True),
        "said_resource_dir": attr.string(doc = "The content of `resource_dir`."),
    },
)

def _source_files_impl(ctx):
    files = {f.owner.name: f for f in ctx.files.sources + ctx.files.headers + ctx.files.own_headers}
    anchors = [path for path in files if path.startswith("emscripten/" + WORKING_DIRECTORY)]
    return [SourceFilesInfo(
        # Not a source, if there is anything else: it is an input of all.
        anchor = files[([path for path in anchors if "." not in path] or anchors)[0]],
        files = files,
        own_headers = depset(ctx.files.own_headers),
        sources = depset(ctx.files.sources),
    )]

emscripten_source_files = rule(
    implementation = _source_files_impl,
    doc = "Sources and headers as single files.",
    attrs = {
        "headers": attr.label_list(allow_files = True),
        "own_headers": attr.label_list(allow_files = True),
        "sources": attr.label_list(allow_files = True),
    },
    provides = [SourceFilesInfo],
)
