"""What differs between versions of Bazel, in one file; chosen by what is there, not by number.
`docs/explanation/bazel-versions.md` lists more."""

def reproducible(rctx):
    """The result of a repository rule whose files depend on its attributes alone: later Bazels share it between output bases."""
    return rctx.repo_metadata(reproducible = True) if hasattr(rctx, "repo_metadata") else None

def home_directory(rctx, who):
    """The user's home directory, of which a Bazel with --experimental_strict_repo_env tells nothing."""
    home = rctx.getenv("HOME") or rctx.getenv("USERPROFILE")
    if not home:
        fail("%s: `~` is unknown without HOME\n  hint: write the path in full, or add --repo_env=HOME to .bazelrc" % who)
    return home
