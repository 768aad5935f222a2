"""Whether this machine can run routers: what is asked before anything is touched."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from driftline.lab.errors import LabError

INIT = Path("/usr/lib/frr/frrinit.sh")
RELOAD = Path("/usr/lib/frr/frr-reload.py")
_INSTALL = "apt-get install frr frr-pythontools openssh-server"
_PROGRAMS = {
    "ip": "apt-get install iproute2",
    "unshare": "apt-get install util-linux",
    "vtysh": _INSTALL,
    "sshd": _INSTALL,
}
_SPACES = ("--net", "--mount", "--uts", "--pid", "--fork", "--mount-proc")


def why_not() -> LabError | None:
    """Return why routers can't be started here, in one line with a hint; None: they can."""
    if sys.platform != "linux":
        return LabError("LAB-FRR-LINUX", "routers need Linux's network namespaces", "use a Debian machine")
    if os.geteuid() != 0:
        return LabError("LAB-FRR-ROOT", "routers need root, for network namespaces", "run it as root")
    for program, hint in _PROGRAMS.items():
        if shutil.which(program, path=search_path()) is None:
            return LabError("LAB-FRR-MISSING", f"there is no `{program}` on this machine", hint)
    for file in (INIT, RELOAD):
        if not file.exists():
            return LabError("LAB-FRR-MISSING", f"there is no {file} on this machine", _INSTALL)
    return _no_namespaces() or _no_links()


def search_path() -> str:
    """Return where programs are looked for: a user's path often lacks the system's folders."""
    return os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin"])


def call(*command: str) -> str:
    """Run a system command; raises LabError with what it said."""
    found = shutil.which(command[0], path=search_path()) or command[0]
    answer = subprocess.run([found, *command[1:]], capture_output=True, text=True, check=False)  # noqa: S603
    if answer.returncode:
        said = (answer.stderr.strip() or answer.stdout.strip() or "no message").splitlines()[-1]
        raise LabError("LAB-FRR-SYSTEM", f"`{' '.join(command)}` failed: {said}")
    return answer.stdout


def _no_namespaces() -> LabError | None:
    try:
        call("unshare", *_SPACES, "true")
    except LabError as error:
        return LabError(
            "LAB-FRR-NETNS",
            f"this machine does not let us make namespaces: {error.message}",
            "in a container: run it with --privileged",
        )
    return None


def _no_links() -> LabError | None:
    """Try the two kinds of link in a namespace that goes away with the trial."""
    trial = "ip link add name one type veth peer name two && ip link add name three type bridge"
    try:
        call("unshare", "--net", "sh", "-c", trial)
    except LabError as error:
        return LabError(
            "LAB-FRR-LINKS",
            f"this machine's kernel makes no veth pairs or no bridges: {error.message}",
            "modprobe veth bridge",
        )
    return None
