"""Builds as commands start them: what is selected and how it is built, the display, what failed, and the summary."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence

from ..engine.build import Build
from ..engine.execution.prefetch import MANY, Prefetch, start_prefetch
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
    """A remote that refused access is an error only for uploads."""
    if result.failures:
        return BuildError.exit_code
    remote = result.remote
    return RemoteError.exit_code if remote and remote['refused'] and remote['writes'] else 0


def run_build(context: CommandContext, *, needed: bool) -> BuildResult:
    """Build the selection (see `CommandContext.selected`), and prepare in the background what that needs."""
    args, named = context.args, split_names(context.args.targets)
    modes = context.modes() if len(named) >= MANY or (args.features and not named) else ()
    with start_prefetch(context.catalogue, context.home, context.cache, modes, options_of(context), _load_engine) as prefetch:
        return build_selected(context, context.selected(needed=needed), prefetch).result


def _load_engine() -> None:
    from ..engine import build_executor  # noqa: F401


def build_selected(context: CommandContext, selected: Mapping[Mode, Sequence[str]], prefetch: Prefetch | None = None) -> Build:
    """Build with a display, and print failures with the commands that reproduce them."""
    args = context.args
    requests = [Request(mode=mode, targets=tuple(targets)) for mode, targets in selected.items()]
    listener = make_listener(context.home, verbose=args.verbose, quiet=args.quiet, live=not args.no_progress,
                             modes=', '.join(mode.name for mode in selected))
    build = Build(context.catalogue, context.home, context.store, context.cache, options_of(context), listener, prefetch)
    build.revealed = context.selection.revealed
    try:
        result = build.run(requests)
    finally:
        listener.close()
        if args.trace:
            from ..engine.history.trace import write_trace  # lazy import: rarely requested
            targets = [f'{request.mode}/{target}' for request in requests for target in request.targets]
            write_trace(build.timeline, targets, build.result, user_path(args.trace))
    result.log = listener.log_path
    say_failures(result)
    if not args.quiet and result.modes:
        print(summary(result), file=sys.stderr)
        if os.environ.get('GITHUB_ACTIONS'):
            from .ui.github_actions import summarize
            summarize(result)
    return build


def options_of(context: CommandContext) -> Options:
    builder = str(context.args.builder or (context.project.builder if context.project else 'source'))
    if (given := os.environ.get('EMROOT_JOBS', '')) and (not given.isdecimal() or not int(given)):
        raise UsageError(f'EMROOT_JOBS is {given!r}, which is not a number of jobs',
                         hint='set it to 1 or more, or unset EMROOT_JOBS')
    directory = context.ports_from
    if directory and not directory.is_dir():
        raise UsageError(f'--ports-from {directory} is not a directory',
                         hint='give a directory with archives or sources of ports')
    ports = PortSources(directory, local_ports(os.environ.get('EMCC_LOCAL_PORTS', '')))
    return Options(jobs=context.args.jobs, below_run=is_below_run(), builder=builder, port_sources=ports,
                   remote=context.remote, own_location=context.own_location, launcher=context.launcher, base=context.base,
                   sdk_cache=context.sdk_cache)


def say_failures(result: BuildResult) -> None:
    """Print the failed targets, the reasons, and the commands that reproduce them."""
    shown: dict[str, list[str]] = {}
    commands: dict[str, str] = {}
    for mode, failure in result.failures:
        shown.setdefault(failure.error, []).append(display_path(f'{mode}/{failure.target}'))
        commands.setdefault(failure.error, failure.command)
    if shown:
        from .ui.github_actions import annotate, disarmed  # lazy import: most builds have no failures
        from .ui.messages import paint
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
