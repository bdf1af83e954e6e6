"""Cache directories: what emcc reads as EM_CACHE, and the environment and configuration that point it there."""
