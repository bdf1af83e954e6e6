"""The store: everything ever built, by content. Plain files; safe for any number of processes."""

from __future__ import annotations

from .blobs import Blob, Store
from .locks import Lock, try_lock

__all__ = ['Blob', 'Lock', 'Store', 'try_lock']
