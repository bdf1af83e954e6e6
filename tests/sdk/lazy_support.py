"""Homes for lazy links: one that knows indexes, another that has all objects besides, and no archive."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from support.running import Emroot
from support.trees import seed

from emroot.catalogue import Catalogue
from emroot.engine.objects import KIND as OBJECT
from emroot.engine.objects import located_key
from emroot.home import find_home
from emroot.index.keep import KIND as INDEX
from emroot.plan import Plan, make_plan
from emroot.resolution import resolve
from emroot.sdk import find_sdk
from emroot.store import Store


def plan_of(home: Path, sdk_root: Path, link: list[str]) -> Plan:
    """The libraries that a link needs."""
    found_home = find_home(home)
    sdk = find_sdk(found_home, sdk_root)
    catalogue = Catalogue(sdk, found_home)
    found = resolve(catalogue, link)
    return make_plan(sdk, catalogue.recipes(found.mode, found.targets).values())


def lazy_home(place: Path, shared: Emroot, plans: Iterable[Plan], *, objects: bool, indexes: bool = True) -> Emroot:
    """A home that knows the `indexes` of what `shared` has built, and has the `objects`, if wanted, but no archive. One that is
    there is added to."""
    assert shared.sdk
    if not place.exists():
        seed(place, shared.home, link=True)
    ours, theirs = Store(place / 'store'), Store(shared.home / 'store')
    places = find_sdk(find_home(shared.home), shared.sdk).places
    for plan in plans:
        for archive in plan.archives:
            if indexes:
                _copy(theirs, ours, INDEX, archive.key)
        for key in plan.compiles if objects else ():
            for each in (key, located_key(key, places, OBJECT)):
                _copy(theirs, ours, OBJECT, each)
    return Emroot(place, shared.sdk)


def _copy(theirs: Store, ours: Store, kind: str, key: str) -> None:
    record = theirs.read(kind, key)
    if record:
        digest = str(record['digest'])
        for source, target in ((theirs.record_path(kind, key), ours.record_path(kind, key)),
                               (theirs.path(digest), ours.path(digest))):
            if not target.exists():
                target.parent.mkdir(parents=True, exist_ok=True)
                os.link(source, target)
