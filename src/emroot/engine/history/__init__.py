"""What builds did and how long it took: timelines, traces, compile times."""
