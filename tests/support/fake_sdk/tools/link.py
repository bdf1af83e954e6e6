def phase_post_link(*args):
    raise NotImplementedError


process_dynamic_libs = read_js_files = package_files = run = phase_post_link
