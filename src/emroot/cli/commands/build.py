"""`emroot build`, and the builds of `env` and `run`."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Mapping, Sequence

from ...engine.build import Build
from ...engine.execution.prefetch import MANY, Prefetch, start_prefetch
from ...engine.request import Options, PortSources, Request, local_ports
from ...engine.result import BuildResult
from ...errors import BuildError, RemoteError, UsageError
from ...formatting import display_path, format_duration
from ...host.files import user_path
from ...modes import Mode
from ...project.selection import split_names
from .. import BEGAN
from ..context import CommandContext, is_below_run, print_json
from ..ui.log import make_watcher


def build(args: argparse.Namespace) -> int:
    """Build the selection into the cache directory."""
    session = CommandContext(args)
    result = run_build(session, needed=True)
    if args.json:
        print_json(result.to_json())
    elif not args.quiet:
        print(f'{result.cache}')
    return exit_code(result)


def exit_code(result: BuildResult) -> int:
    """The exit code for a result. A remote that refused access is an error only if the build was to
    upload."""
    if result.failures:
        return BuildError.exit_code
    remote = result.remote
    return RemoteError.exit_code if remote and remote['refused'] and remote['writes'] else 0


def run_build(session: CommandContext, *, needed: bool) -> BuildResult:
    """Build the selection with a display, and print failures with the commands that reproduce them.

    Without a selection on the command line, use that of `emroot.toml`, if one is `needed`.
    """
    args, named = session.args, split_names(session.args.targets)
    modes = session.modes() if len(named) >= MANY or (args.features and not named) else ()
    with start_prefetch(session.catalogue, session.home, session.cache, modes, options_of(session)) as prefetch:
        return make(session, select(session, needed=needed), prefetch).result


def select(session: CommandContext, *, needed: bool) -> dict[Mode, list[str]]:
    """The selected targets, by mode. Raises `UsageError` if there are none and some are `needed`."""
    selected = session.selected(or_project=needed)
    if needed and not selected:
        raise UsageError('nothing is selected', hint='give --features, --targets or --for, for example '
                                                     '`emroot build --for "em++ -flto=thin"`, or write an emroot.toml')
    return selected


def make_whole(session: CommandContext) -> tuple[Build, dict[Mode, list[str]]] | None:
    """Build the selection, for callers that need all of it. Returns the build and the selection; None if a
    target failed, which was printed."""
    selected = select(session, needed=True)
    build = make(session, selected)
    return None if build.result.failures else (build, build.requested)


def make(session: CommandContext, selected: Mapping[Mode, Sequence[str]], prefetch: Prefetch | None = None) -> Build:
    """Build a selection, like `run_build`. Returns the build, for later steps."""
    args = session.args
    requests = [Request(mode=mode, targets=tuple(targets)) for mode, targets in selected.items()]
    watcher = make_watcher(session.home, verbose=args.verbose, quiet=args.quiet, live=not args.no_progress,
                           modes=', '.join(mode.name for mode in selected))
    making = Build(session.catalogue, session.home, session.store, session.cache, options_of(session), watcher,
                   prefetch)
    making.revealed = session.selection.revealed
    try:
        result = making.run(requests)
    finally:
        watcher.close()
        if args.trace:
            _write_trace(making, requests, args.trace)
    result.log = watcher.log_path
    if result.compiled:
        from .store import collect_by_itself
        collect_by_itself(session.home)
    say_failures(result)
    if not args.quiet and result.modes:
        print(summary(result), file=sys.stderr)
        if os.environ.get('GITHUB_ACTIONS'):
            from ..ui.github_actions import summarize
            summarize(result)
    return making


def _write_trace(build: Build, requests: list[Request], path: str) -> None:
    from ...engine.history.trace import write_trace  # lazy import: rarely requested
    targets = [f'{request.mode}/{target}' for request in requests for target in request.targets]
    write_trace(build.timeline, targets, build.result, user_path(path), before=build.timeline.began - BEGAN)


def options_of(session: CommandContext) -> Options:
    """The build options of the command line and the project."""
    builder = str(session.args.builder or (session.project.builder if session.project else 'source'))
    if (given := os.environ.get('EMROOT_JOBS', '')) and (not given.isdecimal() or not int(given)):
        raise UsageError(f'EMROOT_JOBS is {given!r}, which is not a number of jobs',
                         hint='set it to 1 or more, or unset EMROOT_JOBS')
    return Options(jobs=session.args.jobs, below_run=is_below_run(), builder=builder, port_sources=_port_sources(session),
                   remote=session.remote, own_location=session.own_location, launcher=session.launcher, base=session.base,
                   sdk_cache=session.sdk_cache)


def _port_sources(session: CommandContext) -> PortSources:
    directory = session.ports_from
    if directory and not directory.is_dir():
        raise UsageError(f'--ports-from {directory} is not a directory',
                         hint='give a directory with archives or sources of ports')
    return PortSources(directory, local_ports(os.environ.get('EMCC_LOCAL_PORTS', '')))


def say_failures(result: BuildResult) -> None:
    """Print the failed targets, the reasons, and the commands that reproduce them."""
    shown: dict[str, list[str]] = {}
    commands: dict[str, str] = {}
    for mode, failure in result.failures:
        shown.setdefault(failure.error, []).append(display_path(f'{mode}/{failure.target}'))
        commands.setdefault(failure.error, failure.command)
    if shown:
        from ..ui.color import paint
        from ..ui.github_actions import annotate, disarmed  # lazy import: most builds have no failures
    for error, targets in shown.items():
        print(f'{paint("emroot: cannot build", "bad", sys.stderr)} {", ".join(targets)}:', file=sys.stderr)
        for line in error.splitlines():
            print(f'  {disarmed(line)}', file=sys.stderr)
        if commands[error]:
            print(f'  to reproduce: {commands[error]}', file=sys.stderr)
        annotate('error', f'emroot: cannot build {", ".join(targets)}', error)
    if shown and result.log:
        print(f'  log: {result.log}', file=sys.stderr)


def summary(result: BuildResult) -> str:
    """The last line of a build."""
    counts = {state: sum(len(getattr(r, state)) for r in result.modes.values())
              for state in ('built', 'reused', 'failed')}
    text = ', '.join(f'{count} {state}' for state, count in counts.items() if count or state != 'failed')
    line = f'{text}; {result.compiled} objects compiled, {result.reused} reused; {format_duration(result.seconds)}'
    if result.compiled:
        line += f', {format_duration(result.cpu_seconds)} of processor time'
    if result.busy is not None:
        line += f', {result.workers} workers {100 * result.busy:.0f} % busy'
    return line
