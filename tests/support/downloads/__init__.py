"""What tests need of others: Debian's packages, sources of projects, packages of npm, a Rust toolchain."""
