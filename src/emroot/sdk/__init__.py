"""SDKs: finding one, checking that it works, and naming it by its content."""

from __future__ import annotations

from .discovery import find_sdk
from .model import Sdk

__all__ = ['Sdk', 'find_sdk']
