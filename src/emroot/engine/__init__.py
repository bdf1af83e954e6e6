"""The engine: compiles and archives on every core, through the store."""
