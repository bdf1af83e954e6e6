"""`emroot completion`: scripts that let a shell ask what may stand at the cursor (see `cli/completion.py` for the answer)."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from ..shells import SHELLS

EXAMPLES = [('eval "$(emroot completion bash)"', 'in ~/.bashrc'),
            ('eval "$(emroot completion zsh)"', 'in ~/.zshrc, after compinit'),
            ('emroot completion fish > ~/.config/fish/completions/emroot.fish', 'once'),
            ('emroot completion powershell | Out-String | Invoke-Expression', 'in $PROFILE')]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    shells = [name for name, shell in SHELLS.items() if shell.completes]
    parser.add_argument('shell', choices=shells, metavar='SHELL', help=f'{", ".join(shells[:-1])} or {shells[-1]}')


def run(args: argparse.Namespace) -> int:
    script = Path(__file__).parents[1] / 'completions' / f'emroot.{args.shell}'
    sys.stdout.write(script.read_text(encoding='utf-8'))
    return 0
