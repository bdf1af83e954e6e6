"""A real Remote Execution server with real workers on this machine: BuildGrid, PostgreSQL and buildbox-worker.

BuildGrid and PostgreSQL come as Python packages and are kept in the development cache; the workers run in the tree that Bazel
runs in (`dev/bazel`), so that they have what Bazel's own machine has.
"""

from .server import Execution, ExecutionUnavailable, remote_execution

__all__ = ['Execution', 'ExecutionUnavailable', 'remote_execution']
