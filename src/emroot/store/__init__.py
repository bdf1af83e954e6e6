"""The store: everything ever built, by content. Plain files; safe for any number of processes."""

from __future__ import annotations

from ..host.locks import Lock, try_lock
from .blobs import Blob, Store

__all__ = ['Blob', 'Lock', 'Store', 'try_lock']
