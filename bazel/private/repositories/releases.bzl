"""Where official releases are downloaded from: the same data as `emroot sdk install --from emsdk`."""

_RELEASES = Label("//:src/emroot/sdk/releases.json")
_BASE = "https://storage.googleapis.com/webassembly/emscripten-releases-builds"

def release_archive(rctx, version):
    """URL and sha256 of a release for the machine that fetches."""
    releases = json.decode(rctx.read(rctx.path(_RELEASES)))["releases"]
    if version not in releases:
        alike = [v for v in releases if v.startswith(version.rsplit(".", 1)[0])][:3]
        fail("emscripten_deps.sdk: no release %s is known; there are %s\n  hint: name one of them, or a newer emroot" % (version, ", ".join(alike or releases.keys()[:3])))
    system = "win" if "windows" in rctx.os.name else "mac" if "mac" in rctx.os.name else "linux"
    arm = rctx.os.arch in ("aarch64", "arm64") and system != "win"
    sha256 = releases[version].get(system + ("-arm64" if arm else ""))
    if not sha256:
        fail("emscripten_deps.sdk: release %s has no archive for %s on %s\n  hint: name another release, or an installation with path" % (version, rctx.os.name, rctx.os.arch))
    base = (rctx.getenv("EMROOT_EMSDK_URL") or _BASE).rstrip("/")
    name = "wasm-binaries%s.%s" % ("-arm64" if arm else "", "zip" if system == "win" else "tar.xz")
    return struct(url = "%s/%s/%s/%s" % (base, system, releases[version]["hash"], name), sha256 = sha256)
