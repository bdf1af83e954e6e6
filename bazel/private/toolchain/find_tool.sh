# For rules that know tools by paths in this package alone (`$(CC)`): starts the one of this name that `tools.bzl` makes.
here=${0%bazel/private/toolchain/*}; root=${here%external/*}
for tool in "$root"bazel-out/*/bin/"${here#"$root"}"bazel/private/toolchain/tools/"${0##*/}"; do [ -x "$tool" ] && exec "$tool" "$@"; done
echo "${0##*/}: not among the inputs" >&2; exit 127
