"""What tests share: starting the command line, SDKs to break, looking at trees of files."""
