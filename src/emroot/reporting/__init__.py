"""The report: libraries of a cache directory in all modes, sizes, times and reuse, as data (`contents.py`,
`model.py`) and as one HTML page (`page.py`)."""

from __future__ import annotations

from .contents import Report, collect

__all__ = ['Report', 'collect']
