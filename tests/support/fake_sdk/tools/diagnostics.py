import sys


def error(message, *args):
    sys.exit('error: ' + message % args)
