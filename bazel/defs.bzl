"""Rules for programs: `wasm_cc_binary`, with the attributes of emsdk's rule of that name, and `wasm_cc_test`."""

load("//bazel/private/rules:output_labels.bzl", _wasm_cc_binary = "labelled_wasm_cc_binary")
load("//bazel/private/rules:wasm_cc_test.bzl", _wasm_cc_test = "wasm_cc_test")

wasm_cc_binary = _wasm_cc_binary
wasm_cc_test = _wasm_cc_test
