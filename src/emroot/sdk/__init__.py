"""SDKs: discovery, checks, identification by content, installation."""

from __future__ import annotations

from .discovery import find_sdk
from .model import Sdk

__all__ = ['Sdk', 'find_sdk']
