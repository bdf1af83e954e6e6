"""Builds as commands start them: what is selected and how it is built, the display, what failed, and the summary."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence

from ..engine.build import Build
from ..engine.execution.compiler_environment import MANY
from ..engine.execution.prefetch import Prefetch, start_prefetch
from ..engine.request import Options, PortSources, Request, local_ports
from ..engine.result import BuildResult
from ..errors import BuildError, RemoteError, UsageError
from ..formatting import display_path, format_duration
from ..host.home import user_path
from ..modes import Mode
from ..project.names import split_names
from .context import CommandContext
from .environment import is_below_run
from .ui.log import make_listener


def exit_code(result: BuildResult) -> int:
    """The exit code for a result. A remote that refused access is an error only for uploads."""
    if result.failures:
        return BuildError.exit_code
    remote = result.remote
    return RemoteError.exit_code if remote and remote['refused'] and remote['writes'] else 0


def run_build(context: CommandContext, *, needed: bool) -> BuildResult:
    """Build the selection with a display, and print failures with the commands that reproduce them.

    Without a selection on the command line, use that of `emroot.toml`, if one is `needed`.
    """
    args, named = context.args, split_names(context.args.targets)
    modes = context.modes() if len(named) >= MANY or (args.features and not named) else ()
    with start_prefetch(context.catalogue, context.home, context.cache, modes, options_of(context), _load_engine) as prefetch:
        return build_selected(context, select(context, needed=needed), prefetch).result


def _load_engine() -> None:
    """Import what builds."""
    from ..engine import build_executor  # noqa: F401


def select(context: CommandContext, *, needed: bool) -> dict[Mode, list[str]]:
    """The selected targets, by mode. Raises `UsageError` if there are none and some are `needed`."""
    selected = context.selected(or_project=needed)
    if needed and not selected:
        raise UsageError('nothing is selected', hint='give --features, --targets or --for, for example '
                                                     '`emroot build --for "em++ -flto=thin"`, or write an emroot.toml')
    return selected


def build_whole(context: CommandContext) -> tuple[Build, dict[Mode, list[str]]] | None:
    """Build the selection. Returns the build and the selection; None if a target failed, which was printed."""
    selected = select(context, needed=True)
    build = build_selected(context, selected)
    return None if build.result.failures else (build, build.requested)


def build_selected(context: CommandContext, selected: Mapping[Mode, Sequence[str]], prefetch: Prefetch | None = None) -> Build:
    """Build a selection, like `run_build`. Returns the build, for later steps."""
    args = context.args
    requests = [Request(mode=mode, targets=tuple(targets)) for mode, targets in selected.items()]
    listener = make_listener(context.home, verbose=args.verbose, quiet=args.quiet, live=not args.no_progress,
                           modes=', '.join(mode.name for mode in selected))
    build = Build(context.catalogue, context.home, context.store, context.cache, options_of(context), listener,
                   prefetch)
    build.revealed = context.selection.revealed
    try:
        result = build.run(requests)
    finally:
        listener.close()
        if args.trace:
            _write_trace(build, requests, args.trace)
    result.log = listener.log_path
    say_failures(result)
    if not args.quiet and result.modes:
        print(summary(result), file=sys.stderr)
        if os.environ.get('GITHUB_ACTIONS'):
            from .ui.github_actions import summarize
            summarize(result)
    return build


def _write_trace(build: Build, requests: list[Request], path: str) -> None:
    from ..engine.history.trace import write_trace  # lazy import: rarely requested
    targets = [f'{request.mode}/{target}' for request in requests for target in request.targets]
    write_trace(build.timeline, targets, build.result, user_path(path))


def options_of(context: CommandContext) -> Options:
    """The build options of the command line and the project."""
    builder = str(context.args.builder or (context.project.builder if context.project else 'source'))
    if (given := os.environ.get('EMROOT_JOBS', '')) and (not given.isdecimal() or not int(given)):
        raise UsageError(f'EMROOT_JOBS is {given!r}, which is not a number of jobs',
                         hint='set it to 1 or more, or unset EMROOT_JOBS')
    return Options(jobs=context.args.jobs, below_run=is_below_run(), builder=builder, port_sources=_port_sources(context),
                   remote=context.remote, own_location=context.own_location, launcher=context.launcher, base=context.base,
                   sdk_cache=context.sdk_cache)


def _port_sources(context: CommandContext) -> PortSources:
    directory = context.ports_from
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
        from .ui.color import paint
        from .ui.github_actions import annotate, disarmed  # lazy import: most builds have no failures
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
