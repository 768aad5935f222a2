"""The token that an IPAM is asked with: from the settings, a file, a command such as a vault's, or the environment."""

from __future__ import annotations

import os
import stat
import subprocess
from typing import TYPE_CHECKING, Final

import structlog
from pydantic import SecretStr

from driftline.engine.exceptions import SettingsError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from .dialects import Dialect
    from .options import IpamOptions

_PATIENCE: Final = 60
"""How many seconds a command may take to print a token."""

log = structlog.get_logger(__name__)


def find_token(options: IpamOptions, dialect: Dialect, folder: Path) -> SecretStr:
    """Return the token; raises SettingsError when there is none, more than one, or it can't be one."""
    sources = [name for name in ("token", "token_file", "token_command") if getattr(options, name)]
    if len(sources) > 1:
        raise SettingsError(f"{dialect.title}: {' and '.join(sources)} are set; a token has one source only")
    if options.token is not None:
        return _checked(options.token.get_secret_value(), "token")
    if options.token_file is not None:
        return _checked(_from_file(folder / options.token_file), f"token_file {options.token_file}")
    if options.token_command:
        return _checked(_from_command(options.token_command), f"token_command {options.token_command[0]}")
    return _from_environment(dialect)


def _from_environment(dialect: Dialect) -> SecretStr:
    value = os.environ.get(dialect.token_variable, "")
    if not value.strip():
        raise SettingsError(
            f"{dialect.title}: there is no token",
            hint=f"set token_file, token_command or the environment variable {dialect.token_variable}",
        )
    return _checked(value, f"environment variable {dialect.token_variable}")


def _from_file(path: Path) -> str:
    try:
        text = path.read_text(encoding="utf-8")
        mode = path.stat().st_mode
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is no text"
        raise SettingsError(f"token_file {path} can't be read: {reason}") from None
    if mode & (stat.S_IRGRP | stat.S_IROTH):
        # Only told: secrets that a container is given are often readable by all that runs in it.
        log.warning("token file readable by others", path=str(path), mode=f"{stat.S_IMODE(mode):04o}")
    return text


def _from_command(command: Sequence[str]) -> str:
    """Return what a command prints; nothing of it is ever shown, not even when it fails."""
    try:
        done = subprocess.run(  # noqa: S603 - the user's own command, without a shell
            list(command), capture_output=True, timeout=_PATIENCE, check=False, stdin=subprocess.DEVNULL
        )
        if done.returncode == 0:
            return done.stdout.decode("utf-8")
        reason = f"it ended with {done.returncode}"
    except OSError as error:
        reason = error.strerror or "it can't be run"
    except subprocess.TimeoutExpired:
        reason = f"it took more than {_PATIENCE} s"
    except UnicodeDecodeError:
        reason = "what it printed is no text"
    raise SettingsError(
        f"token_command {command[0]} gave no token: {reason}", hint="run the command by hand to see why"
    )


def _checked(value: str, source: str) -> SecretStr:
    """Return a token that can stand in a header; what it is is never said."""
    token = value.strip()
    if not token:
        raise SettingsError(f"{source} is empty")
    if not (token.isascii() and token.isprintable() and " " not in token):
        raise SettingsError(
            f"{source} holds more than a token",
            hint="give the token alone, without `Token`, `Bearer` or a second line",
        )
    return SecretStr(token)
