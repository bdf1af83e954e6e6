"""What the SDK's libraries are, as it says itself, and which of them a link needs."""
