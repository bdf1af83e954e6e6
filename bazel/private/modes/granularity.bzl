"""The flag `--@emroot//bazel:granularity`: an action for each library, one for each object, or none: each link makes what it
pulls."""

GranularityInfo = provider("How finely libraries are built.", fields = {"value": "string: `library`, `object` or `lazy`."})

_VALUES = ["library", "object", "lazy"]

def _granularity_impl(ctx):
    value = ctx.build_setting_value
    if value not in _VALUES:
        fail("--@emroot//bazel:granularity=%s: choose one of %s" % (value, ", ".join(_VALUES)))
    return [GranularityInfo(value = value)]

granularity = rule(
    implementation = _granularity_impl,
    build_setting = config.string(flag = True),
    attrs = {
        # Libraries are built in the exec configuration, which drops flags of other scopes from Bazel 10 on.
        "scope": attr.string(),
    },
)
