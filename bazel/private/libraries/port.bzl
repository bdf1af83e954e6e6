"""Ports: what their build leaves, and something for programs to depend on."""

load("@rules_cc//cc/common:cc_common.bzl", "cc_common")
load("@rules_cc//cc/common:cc_info.bzl", "CcInfo")
load("//bazel/private/modes:options.bzl", "port_options")
load("//bazel/private/sdk:providers.bzl", "CACHE", "LibraryInfo")
load(":make.bzl", "MAKE_ATTRIBUTES", "made", "make", "make_arguments")

def _port_impl(ctx):
    # No `=` and no comma in paths: flags have meanings for them.
    name = "".join([c if c.isalnum() or c in "._-+" else "_" for c in ctx.label.name.elems()])
    out = ctx.actions.declare_directory("%s/%s" % (name, CACHE))
    log = ctx.actions.declare_file("%s/%s.log" % (name, name))
    args, message = make_arguments(ctx, out, log), "Building Emscripten port %s/%s" % (ctx.attr.mode, ctx.attr.target)
    args.add("--port")
    args.add_all(ctx.attr.embuilder_flags, format_each = "--flag=%s")
    args.add("--port-sources", ctx.file.marker.dirname)
    make(ctx, "embuilder", [args], ctx.files.sources + [ctx.file.marker], [out, log], 100, "EmscriptenPort", message)
    return made(ctx, out, [log])

emscripten_port = rule(
    implementation = _port_impl,
    doc = "One port in one mode: its archives, headers and marks, as one directory.",
    attrs = MAKE_ATTRIBUTES | {
        "embuilder_flags": attr.string_list(),
        "marker": attr.label(allow_single_file = True, doc = "A file next to the ports' sources."),
        "mode": attr.string(),
        "sources": attr.label_list(allow_files = True),
        "target": attr.string(),
    },
    provides = [LibraryInfo],
)

def _port_library_impl(ctx):
    port = ctx.attr.port[LibraryInfo]

    # Not an option of emcc: the driver takes it as the location of the port's files.
    flags = ["--emroot-port=" + port.file.path] + port_options(port.target)
    return [
        DefaultInfo(files = depset([port.file])),
        CcInfo(
            compilation_context = cc_common.create_compilation_context(
                headers = depset([port.file]),
                system_includes = depset([port.file.path + "/sysroot/include"]),
            ),
            linking_context = cc_common.create_linking_context(linker_inputs = depset([cc_common.create_linker_input(
                owner = ctx.label,
                user_link_flags = depset(flags),
                additional_inputs = depset([port.file]),
            )])),
        ),
    ]

emscripten_port_library = rule(
    implementation = _port_library_impl,
    doc = "A port for programs to depend on: its headers, its archives, and the option that links them.",
    attrs = {"port": attr.label(providers = [LibraryInfo], cfg = "exec")},
    provides = [CcInfo],
)
