"""Third-party projects, built and tested with plain emcc and with emroot: `dev.py projects`."""
