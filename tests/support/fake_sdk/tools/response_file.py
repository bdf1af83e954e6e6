def substitute_response_files(args):
    return args
