"""Sources of ports from packages, as directories of links in the form that the ports' own files expect."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from .downloads.npm import NpmUnavailable, npm_package
from .downloads.sdists import get_sdist
from .downloads.sources import SourceUnavailable, get_source

#: What puts the links to a package's sources into a directory.
Shape = Callable[[Path, Path], None]


def find_sources(packages: Iterable[str]) -> Path:
    """The sources of the first package that can be had: a source package of Debian (`libogg`, `icu 72.1`), or a directory
    in a package of Python's index or npm's (`pypi uharfbuzz 0.20.0 harfbuzz`). Raises `SourceUnavailable`."""
    failures = []
    for package in packages:
        try:
            match package.split():
                case ['npm', name, version, directory]:
                    return npm_package(name, version) / directory
                case ['pypi', name, version, directory]:
                    return get_sdist(name, version, build_constraint='cython<3') / directory
                case [name, *release]:
                    return get_source(name, *release)
        except (SourceUnavailable, NpmUnavailable) as error:
            failures.append(str(error))
    raise SourceUnavailable('; '.join(failures))


def as_they_are(sources: Path, directory: Path) -> None:
    """The sources."""
    directory.symlink_to(sources)


def with_empty(name: str) -> Shape:
    """The sources, with an empty file that the package leaves out."""
    def shape(sources: Path, directory: Path) -> None:
        merge([sources], directory)
        (directory / name).touch()
    return shape


def without(name: str) -> Shape:
    """The sources but for one file."""
    def shape(sources: Path, directory: Path) -> None:
        merge([sources], directory)
        (directory / name).unlink()
    return shape


def bullet(sources: Path, directory: Path) -> None:
    """The libraries of rigid bodies: newer releases than the port's have others, too, files that include all of a library's, and
    warnings in that of soft bodies, which are errors."""
    (directory / 'bullet/src').mkdir(parents=True)
    for path in [sources / 'src/LinearMath', *sources.glob('src/Bullet[CD]*'), *sources.glob('src/bt*Common.h')]:
        (directory / 'bullet/src' / path.name).symlink_to(path)


def boost_headers(sources: Path, directory: Path) -> None:
    """The headers of all libraries of a release of Boost."""
    directory.mkdir()
    merge(sorted([*sources.glob('libs/*/include/boost'), *sources.glob('libs/numeric/*/include/boost')]), directory / 'boost')


def merge(trees: list[Path], directory: Path) -> None:
    """One directory of links to what several hold: to a directory only if one of them alone has it."""
    directory.mkdir()
    holders: dict[str, list[Path]] = {}
    for path in (path for tree in trees for path in sorted(tree.iterdir())):
        holders.setdefault(path.name, []).append(path)
    for name, paths in holders.items():
        if len(paths) > 1 and all(path.is_dir() for path in paths):
            merge(paths, directory / name)
        else:
            (directory / name).symlink_to(paths[0])
