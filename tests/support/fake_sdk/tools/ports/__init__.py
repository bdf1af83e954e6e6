"""The fake SDK's ports: one, whose sources are nowhere."""

import os
from urllib.request import urlopen  # noqa: F401

from tools import config


class Port:
    deps = []


class Ports:
    @staticmethod
    def get_dir(*parts):
        return os.path.join(config.PORTS, *parts)

    get_build_dir = get_include_dir = get_dir

    @staticmethod
    def fetch_port_artifact(name, url, sha512hash=None):
        raise NotImplementedError

    fetch_project = fetch_port_artifact


def dependency_order(port_list):
    raise NotImplementedError


handle_port_options = handle_use_port_arg = load_external_port = init_local_port = clear = add_cflags = dependency_order
ports = []


ports_by_name = {'fakeport': Port()}
port_variants = {'fakeport-mt': ('fakeport', {'PTHREADS': 1})}
