"""How commands look on terminals, in pipes, in logs and in GitHub Actions."""
