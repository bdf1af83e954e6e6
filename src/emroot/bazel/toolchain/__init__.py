"""The toolchain's tools: compiles, links and archives, and what runs programs."""
