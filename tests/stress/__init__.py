"""`dev.py torture`: does a home keep its promises when it is killed, crowded, damaged, starved and lied to?

Every part does what its name says to a real store, and checks after each blow that the next command ends well and that every
file in the cache directory has the bytes that an undisturbed build in a home of its own gave it; that whatever fails says what
helps; and that nothing takes longer than it may.

    kills     SIGKILL at random moments, of the parent, a compiler or the whole group: build, import, gc, verify --repair, a make
              below run, sdk install
    crowd     sixteen processes that build overlapping sets at once on one store, every third time in a new home
    damage    bytes flipped, files cut, deleted, emptied, swapped, made unreadable, rotten behind their times: in the store,
              memos, run directory and two cache directories
    full      disks that fill up; folders that may not be written; future times; no hard links
    stopped   a builder that stops (SIGSTOP), and goes on when others have done the work
    locks     flock says ENOLCK in every process
    clocks    it is 1980, now and 2040 by turns
    versions  an older emroot on the same home, by turns and at once

Where only emroot's own doings matter, the SDK is one of scripts:

    hostile   links that lead out, pipes and folders instead of files, records that lie; fuzzed archives and records
    http      a web server that lies
    grpc      a real server of the Remote Execution API, and one between that lies
    bundles   archives for `emroot import` that somebody prepared
    sdks      the same instead of an official release, for `sdk install`

Blows are drawn from `--seed`: the same seed deals the same ones, though when a process feels them is up to the machine.
"""
