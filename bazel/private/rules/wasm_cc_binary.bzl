"""`wasm_cc_binary`: a `cc_binary` built for WebAssembly, in the mode that its attributes say."""

load("//bazel/private/modes:options.bzl", "is_on", "settings")
load("//bazel/private/modes:transition.bzl", "wasm_transition")
load("//bazel/private/sdk:run_tool.bzl", "run_tool")
load(":launcher.bzl", "LAUNCHER_ATTRIBUTES", "arguments_aspect", "environment_of", "make_launcher", "without")
load(":link.bzl", "LINK_ATTRIBUTES", "link", "link_aspect", "programs")
load(":outputs.bzl", "ALLOWED", "default_kinds", "divide", "is_shared", "named_by", "program_name")

def _wasm_cc_binary_impl(ctx):
    target = ctx.attr.cc_target[0]
    packed, words = link(ctx, target, name = named_by([output.basename for output in ctx.outputs.outputs]))
    if is_shared(words) and not is_on(settings(words).get("SIDE_MODULE")):
        fail("%s is a shared library, which is linked into the programs that need it\n  hint: dynamic = \"side\" makes a side module of it" % target.label)
    outputs = ctx.outputs.outputs
    for output in outputs:
        if not divide(output.basename)[1]:
            fail("outputs: a link makes no %s; possible are %s" % (output.basename, ", ".join(["." + kind for kind in ALLOWED])))
    if not outputs:
        base = program_name(target.label.name)
        outputs = [ctx.actions.declare_file("%s/%s.%s" % (ctx.label.name, base, kind)) for kind in default_kinds(words)]
    args = ctx.actions.args()
    args.add(packed)
    args.add_all(outputs)
    run_tool(ctx, ctx.file._unpack, [args], depset([packed]), outputs, "WasmUnpack", "Unpacking %{label}")
    launcher, runfiles = make_launcher(ctx, target, packed)

    # What the program consists of, and what it needs when it runs; the launcher too: `$(location)` among `data` is that.
    needed = without(ctx, target[DefaultInfo].data_runfiles, programs(target))
    data_runfiles = ctx.runfiles(outputs).merge(runfiles or needed)
    return [
        DefaultInfo(
            files = depset(outputs),
            executable = launcher or ([f for f in outputs if f.extension == "wasm"] or outputs)[0],
            default_runfiles = runfiles or data_runfiles,
            data_runfiles = data_runfiles,
        ),
        environment_of(target),
        OutputGroupInfo(_wasm_tar = depset([packed])),
    ]

WASM_ATTRIBUTES = {
    "additional_linker_inputs": attr.label_list(allow_files = True, doc = "Files that `linkopts` name by `$(location)`."),
    "arch": attr.string(default = "_default", values = ["_default", "wasm32", "wasm64"], doc = "The size of pointers, 32 or 64 bits; by default 32, or 64 with `-m64` in `linkopts`."),
    "dynamic": attr.string(default = "_default", values = ["_default", "none", "main", "side"], doc = "Dynamic linking: `main` loads other modules, `side` is loaded by one; the default follows the features `main_module` and `side_module`."),
    "exit_runtime": attr.bool(doc = "Whether the runtime shuts down when main returns: destructors, atexit, flushing."),
    "linkopts": attr.string_list(doc = "Options that are added at the end of the link command."),
    "lto": attr.string(default = "_default", values = ["_default", "none", "full", "thin"], doc = "Link-time optimisation of the program and its system libraries; the default follows the features `lto` and `thin_lto`."),
    "simd": attr.string(default = "_default", values = ["_default", "off", "simd128", "relaxed_simd"], doc = "Vector instructions; the default follows the features `wasm_simd` and `wasm_relaxed_simd`."),
    "standalone": attr.bool(doc = "Whether to make a .wasm that runs without JavaScript."),
    "threads": attr.string(default = "_default", values = ["_default", "emscripten", "off"], doc = "Threads; the default follows the feature `use_pthreads`."),
    "_allowlist_function_transition": attr.label(default = "@bazel_tools//tools/allowlists/function_transition_allowlist"),
} | LINK_ATTRIBUTES

wasm_cc_binary = rule(
    implementation = _wasm_cc_binary_impl,
    doc = "Builds `cc_target` for WebAssembly. Several targets of this rule may build one `cc_target` in several modes.",
    attrs = WASM_ATTRIBUTES | LAUNCHER_ATTRIBUTES | {
        "cc_target": attr.label(cfg = wasm_transition, mandatory = True, aspects = [arguments_aspect, link_aspect], doc = "The cc_binary to build, or the cc_shared_library."),
        "outputs": attr.output_list(doc = "Output files of the link, in the package of this target; by default the files that the link options imply, in a directory with the target's name. `bazel run` of this target runs the program under Node."),
        "_unpack": attr.label(default = Label("//:src/emroot/bazel/toolchain/output_unpacker.py"), allow_single_file = True),
    },
    executable = True,
)
