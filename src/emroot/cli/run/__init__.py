"""`emroot run`: a command in whose environment emcc is hooked, and the programs that the hook starts."""
