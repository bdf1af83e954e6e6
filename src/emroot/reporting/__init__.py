"""The report: libraries of a cache directory in all modes, sizes, times and reuse, as data and as one HTML
page.

    collect.py     the data: from the catalogue, the cache directory and the record of its last build
    page.py        the page: `page.html` with `style.css`, the scripts and the data inlined; nothing else is loaded
    static.py      the parts of the page that need no JavaScript
"""

from __future__ import annotations

from .contents import Report, collect

__all__ = ['Report', 'collect']
