"""When a result of before is the result: equivalent compiles, included files, keys that are known."""
