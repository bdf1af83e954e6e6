"""The report: what a cache directory holds in every mode, what that cost and what was shared, as data and as one HTML page.

    collect.py     the data: from the catalogue, the cache directory and what is kept of its last build
    page.py        the page: `page.html` with `style.css`, the scripts and the data inside; nothing else is loaded
    static.py      what the page says without its script
"""

from __future__ import annotations

from .contents import Report, collect

__all__ = ['Report', 'collect']
