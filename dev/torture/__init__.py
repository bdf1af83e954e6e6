"""`dev.py torture`: does a store keep its promises when it is killed, crowded, damaged, starved and lied to?

Every part does to a real store, with a real SDK, what its name says, and checks after each blow that the next build ends
well and that every file in the cache directory has the bytes that an undisturbed build in a home of its own gave it.

    kills     SIGKILL at random moments: the parent, a compiler, the whole group
    crowd     eight processes that build overlapping sets at once on one store
    damage    bytes flipped, files cut, deleted, emptied, swapped, made unreadable, rotten behind their times
    full      disks that fill up; folders that may not be written; future times; no hard links; no locks
    hostile   links that lead out, pipes and folders in place of files, records that lie; fuzzed archives and records

Blows are drawn from `--seed`: the same seed deals the same ones, though when a process feels them is up to the machine.
"""
