"""A real Bazel for the tests: `ensure_tree()` makes it, `Tree.run` and `bazel` use it, and nothing is installed."""

from .container import Binds, Container
from .server import Bazel, bazel
from .tree import Tree, ensure_tree
from .unavailable import BazelUnavailable

__all__ = ['Bazel', 'BazelUnavailable', 'Binds', 'Container', 'Tree', 'bazel', 'ensure_tree']
