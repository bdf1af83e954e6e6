"""A real browser to look at pages with: `chromium.py` gets and starts one, `devtools.py` talks to it."""
