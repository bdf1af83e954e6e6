"""What is wrong with a set-up, and what messages of emcc and its linker mean."""
