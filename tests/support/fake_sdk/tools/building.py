def emar(action, out, objects):
    raise NotImplementedError


def link_to_object(objects, out):
    raise NotImplementedError
