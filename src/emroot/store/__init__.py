"""The store: all build results, by content. Plain files; safe for any number of concurrent processes."""

from __future__ import annotations

from ..host.locks import Lock, try_lock
from .blobs import Blob, Store

__all__ = ['Blob', 'Lock', 'Store', 'try_lock']
