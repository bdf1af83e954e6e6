"""Signatures of records, with OpenSSH keys and `ssh-keygen -Y` (OpenSSH 8.1), which knows agents and hardware keys.
The signed bytes are the record as it is uploaded: its kind, its key, and the digests of its files."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ..errors import UsageError, blame_shortage
from ..host.home import user_path
from ..host.programs import find_program
from .errors import Unavailable

#: The variable with the value of `--remote-key`.
KEY = 'EMROOT_REMOTE_KEY'
#: The namespace of signatures: a signature for another purpose is invalid.
_NAMESPACE, _SIGNER = 'emroot-record', 'publisher'
_PUBLIC = re.compile(r'(?:sk-)?(?:ssh|ecdsa)-[\w@.-]+ [A-Za-z0-9+/]+=*(?= |$)')
_PAIR = 'ssh-keygen -t ed25519 -f emroot-key'
_TIMEOUT = 60


@dataclass(frozen=True)
class Keys:
    """Public keys. A record that one of the private keys signed is trusted."""

    lines: tuple[str, ...]
    program: str

    def verify(self, content: bytes, signature: bytes) -> bool:
        """Whether this is a signature of the content by one of the keys. Raises `Unavailable`."""
        if not signature:
            return False
        import subprocess  # lazy import: most builds verify nothing
        import tempfile
        with tempfile.TemporaryDirectory(prefix='emroot-key-') as work:
            (signers := Path(work, 'signers')).write_text(
                ''.join(f'{_SIGNER} namespaces="{_NAMESPACE}" {line}\n' for line in self.lines), encoding='utf-8')
            (file := Path(work, 'signature')).write_bytes(signature)
            command = [self.program, '-Y', 'verify', '-f', str(signers), '-I', _SIGNER, '-n', _NAMESPACE, '-s', str(file)]
            try:
                done = subprocess.run(command, input=content, capture_output=True, check=False, timeout=_TIMEOUT)
            except (OSError, subprocess.TimeoutExpired) as error:
                blame_shortage(error, f'running {self.program}')
                raise Unavailable(f'its signatures cannot be checked: {error}') from error
        return done.returncode == 0


def read_keys(given: str, directory: Path | None = None) -> Keys:
    """The public keys in a file (`.pub`, one per line), or one key as text. Raises `UsageError`."""
    text = given
    if not _PUBLIC.match(given):
        path = user_path(given, directory)
        try:
            text = path.read_text(encoding='utf-8', errors='replace')
        except OSError as error:
            hint = f'give --remote-key ({KEY}) the file of a public key, or `ssh-ed25519 AAAA...` itself'
            raise UsageError(f'the key {path} cannot be read: {error.strerror}', hint=hint) from error
    lines = [line.strip() for line in text.splitlines() if line.strip() and not line.startswith('#')]
    found = [match[0] for line in lines if (match := _PUBLIC.match(line))]
    if not found or len(found) != len(lines):
        raise UsageError(f'{given.splitlines()[0][:80]} is not an OpenSSH public key, or has other lines',
                         hint=f'`{_PAIR}` makes a key pair: emroot-key.pub is for readers, emroot-key for '
                              'publishing (`emroot publish --sign`)')
    return Keys(tuple(found), _program())


def check_signer(key: Path) -> None:
    """Check early that signing is possible. Raises `UsageError`."""
    _program()
    if not key.is_file():
        raise UsageError(f'there is no key {key} to sign with', hint=f'`{_PAIR}` makes one')


def sign(key: Path, contents: Sequence[bytes]) -> list[bytes]:
    """Sign each content with a private key, or with the key of the agent that belongs to a public one; in one
    process, so that a passphrase is requested once. Raises `UsageError`."""
    import subprocess
    import tempfile
    with tempfile.TemporaryDirectory(prefix='emroot-key-') as work:
        names = [str(number) for number in range(len(contents))]
        for name, content in zip(names, contents, strict=True):
            Path(work, name).write_bytes(content)
        for at in range(0, len(names), 1000):  # as many names as every system takes
            command = [_program(), '-Y', 'sign', '-f', str(key), '-n', _NAMESPACE, *names[at:at + 1000]]
            done = subprocess.run(command, cwd=work, stdin=subprocess.DEVNULL, capture_output=True, check=False)
            if done.returncode != 0:
                lines = filter(None, done.stderr.decode(errors='replace').splitlines())
                reasons = [line for line in lines if 'Signing file' not in line]
                raise UsageError(f'cannot sign with {key}: {"; ".join(reasons[-2:]) or done.returncode}',
                                 hint='`ssh-keygen -y -f KEY` checks whether it is a readable private key; a key with a '
                                      'passphrase needs a terminal or ssh-agent')
        return [Path(work, f'{name}.sig').read_bytes() for name in names]


def _program() -> str:
    found = find_program('ssh-keygen')
    if not found:
        raise UsageError('signatures need the program ssh-keygen, which is not on PATH',
                         hint='install OpenSSH 8.1 or later (openssh-client on Debian; an optional feature of Windows)')
    return found
