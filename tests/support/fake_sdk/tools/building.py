def link_lld(args):
    raise NotImplementedError


def link_to_object(objects, out):
    raise NotImplementedError


def is_ar(path):
    raise NotImplementedError


is_wasm_dylib = is_ar
