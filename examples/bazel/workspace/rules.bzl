"""The rule sets of this workspace. Here they come with Debian's Bazel; elsewhere, `http_archive` gets them."""

def rules():
    for name, path in {
        "bazel_features": "tools/features",
        "bazel_skylib": "tools/skylib",
        "platforms": "tools/platforms",
        "rules_cc": "rules/cc",
        "rules_java": "rules/java",
        "rules_license": "rules/license",
        "rules_proto": "rules/proto",
        "rules_python": "rules/python",
    }.items():
        native.local_repository(name = name, path = "/usr/share/bazel/" + path)
