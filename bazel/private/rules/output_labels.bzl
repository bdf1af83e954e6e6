"""Labels of the files that a `wasm_cc_binary` without `outputs` leaves, as emsdk's rule has them: `:hello_wasm/hello.js`.

They are targets, not outputs of the rule: of these, Bazel would want each to be there, and which are depends on the link's options.
"""

load(":outputs.bzl", "LABELLED", "divide", "program_name")
load(":wasm_cc_binary.bzl", "wasm_cc_binary")

# What they are told of what the rule is told.
_SHARED = ["compatible_with", "restricted_to", "target_compatible_with", "testonly", "visibility"]

def _output_impl(ctx):
    found = [file for file in ctx.files.program if divide(file.basename)[1] == ctx.attr.kind]
    if not found:
        fail("the link of %s leaves no .%s; it leaves %s" % (ctx.attr.program.label, ctx.attr.kind, ", ".join([file.basename for file in ctx.files.program])))
    return [DefaultInfo(files = depset(found))]

_wasm_output = rule(
    implementation = _output_impl,
    doc = "One of the files that a program consists of.",
    attrs = {"kind": attr.string(), "program": attr.label(mandatory = True)},
)

def labelled_wasm_cc_binary(name, cc_target, outputs = [], tags = [], **kwargs):
    """A `wasm_cc_binary`, and a label for each of its files.

    Args:
        name: its name.
        cc_target: the cc_binary to build.
        outputs: if there are any, these have labels by themselves.
        tags: its tags.
        **kwargs: its other attributes.
    """
    wasm_cc_binary(name = name, cc_target = cc_target, outputs = outputs, tags = tags, **kwargs)
    if outputs or type(cc_target) == "select":
        return
    base = program_name(native.package_relative_label(cc_target).name)
    for kind in LABELLED:
        _wasm_output(
            name = "%s/%s.%s" % (name, base, kind),
            kind = kind,
            program = name,
            tags = ["manual"],
            **{key: kwargs[key] for key in _SHARED if key in kwargs}
        )
