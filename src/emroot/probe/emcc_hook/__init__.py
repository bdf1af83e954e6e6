"""Runs inside every emcc below `emroot run`, in the SDK's Python (3.8 or later); imports nothing of emroot."""
