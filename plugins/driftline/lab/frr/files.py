"""The files of a router: accounts, keys, the SSH server's and FRR's configuration. None is the machine's own."""

from __future__ import annotations

import ctypes
import ctypes.util
import secrets
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from driftline.lab.errors import LabError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .record import Router

OPERATOR = "netops"
"""The account with a shell."""
RESTRICTED = "vtyonly"
"""The account whose shell is vtysh."""
PORTS = ("eth0", "eth1")
_ACCOUNTS = {OPERATOR: "/bin/sh", RESTRICTED: "/usr/bin/vtysh"}
_GROUPS = ("frr", "frrvty")
_FIRST_ID = 64100

_SSHD = """\
HostKey /run/ssh/host_key
AuthorizedKeysFile /run/ssh/authorized_keys
PidFile /run/sshd.pid
LogLevel VERBOSE
UsePAM no
UseDNS no
PrintMotd no
PermitRootLogin no
PasswordAuthentication yes
KbdInteractiveAuthentication no
AllowUsers {users}
"""
_DAEMONS = """\
bgpd=yes
vtysh_enable=yes
zebra_options="-A 127.0.0.1"
bgpd_options="-A 127.0.0.1"
staticd_options="-A 127.0.0.1"
"""
_STARTUP = """\
frr defaults traditional
hostname {name}
log syslog informational
service integrated-vtysh-config
!
"""


def write_shared(folder: Path) -> None:
    """Write what all routers have in common: the key and the password that they accept."""
    key = folder / "id_ed25519"
    if key.exists():
        return
    _write_key(key)
    _write(folder / "password", secrets.token_urlsafe(18) + "\n")


def write_router(folder: Path, router: Router, startup: str | None) -> Path:
    """Write the files of one router, and return their folder; what it has saved stays, unless told otherwise."""
    home = folder / router.name
    if home.exists() and startup is None:
        return home
    shutil.rmtree(home, ignore_errors=True)
    for part in ("ssh", "frr", "etc"):
        (home / part).mkdir(parents=True)
    _write_key(home / "ssh/host_key")
    _write(home / "ssh/authorized_keys", (folder / "id_ed25519.pub").read_text(encoding="ascii"), 0o644)
    _write(home / "ssh/sshd_config", _SSHD.format(users=" ".join(_ACCOUNTS)))
    _write(home / "frr/daemons", _DAEMONS, 0o640)
    _write(home / "frr/vtysh.conf", "service integrated-vtysh-config\n", 0o640)
    _write(home / "frr/frr.conf", startup or _STARTUP.format(name=router.name), 0o640)
    _write_accounts(home / "etc", (folder / "password").read_text(encoding="ascii").strip())
    return home


def write_known_hosts(folder: Path, routers: Mapping[str, Router]) -> None:
    """Write the keys by which a client knows the routers."""
    lines = []
    for router in routers.values():
        key = (folder / router.name / "ssh/host_key.pub").read_text(encoding="ascii").strip()
        lines.append(f"{router.address} {key}\n")
    _write(folder / "known_hosts", "".join(lines), 0o644)


def _write_accounts(folder: Path, password: str) -> None:
    """Write copies of the machine's lists of accounts, with the routers' own added."""
    digest = _digest(password)
    users = Path("/etc/passwd").read_text(encoding="utf-8")
    groups = Path("/etc/group").read_text(encoding="utf-8").splitlines()
    names = ",".join(_ACCOUNTS)
    members = [_with_members(line, names) if line.split(":")[0] in _GROUPS else line for line in groups]
    shadow = ""
    for number, (name, shell) in enumerate(_ACCOUNTS.items(), _FIRST_ID):
        users += f"{name}:x:{number}:{number}::/run/home/{name}:{shell}\n"
        shadow += f"{name}:{digest}:20000::::::\n"
        members.append(f"{name}:x:{number}:")
    _write(folder / "passwd", users, 0o644)
    _write(folder / "group", "\n".join(members) + "\n", 0o644)
    _write(folder / "shadow", shadow)


def _with_members(line: str, names: str) -> str:
    return f"{line}{names}" if line.endswith(":") else f"{line},{names}"


def _digest(password: str) -> str:
    """Return a password as the system keeps it; Python itself has no `crypt` any more."""
    try:
        crypt = ctypes.CDLL(ctypes.util.find_library("crypt") or "libcrypt.so.1").crypt
    except (OSError, AttributeError) as error:
        raise LabError("LAB-FRR-MISSING", "there is no libcrypt", "apt-get install libcrypt1") from error
    crypt.restype = ctypes.c_char_p
    made = crypt(password.encode(), f"$6${secrets.token_hex(8)}$".encode())
    if not made:
        raise LabError("LAB-FRR-SYSTEM", "libcrypt makes no SHA-512 digests")
    return bytes(made).decode()


def _write_key(file: Path) -> None:
    key = Ed25519PrivateKey.generate()
    private = key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption())
    public = key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)
    _write(file, private.decode())
    _write(file.with_suffix(".pub"), public.decode() + "\n", 0o644)


def _write(file: Path, text: str, mode: int = 0o600) -> None:
    file.touch(mode=mode)
    file.chmod(mode)
    file.write_text(text, encoding="utf-8")
