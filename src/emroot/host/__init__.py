"""The machine that emroot runs on: files, the home, programs and permissions."""
