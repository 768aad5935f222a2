"""A lab of routers: started, switched off and on, ended. It touches nothing that it has not made itself."""

from __future__ import annotations

import ipaddress
import json
import shutil
import subprocess
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from driftline.lab.errors import LabError

from .files import OPERATOR, PORTS, write_known_hosts, write_router, write_shared
from .host import call, search_path, why_not
from .record import Record, Router, read_record, started_at

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

DEFAULT_FOLDER = Path(".driftline/frr")
DEFAULT_NETWORK = "198.18.99.0/24"
"""Of the range that is set aside for labs."""
DEFAULT_PREFIX = "frr"
MAX_ROUTERS = 250
_BOOT = Path(__file__).with_name("boot.sh")
_BOOT_TIMEOUT = 120.0  # seconds; many routers at once are slow on few processors
_NAMESPACES = ("--net", "--mount", "--uts", "--pid", "--fork", "--kill-child", "--mount-proc")
_LINKS = {"mgmt0": "m", PORTS[0]: "e0", PORTS[1]: "e1"}
"""A router's port → how the name of its other end in the machine ends."""


class RouterLab:
    """Routers named `r1`, `r2`, ...: FRRouting and OpenSSH from Debian's packages, with three ports each.

    `mgmt0` is reached from this machine; `eth0` and `eth1` of all routers are on one segment without a way out.
    Their state is in a folder; another process that is given the folder can go on with them.
    """

    def __init__(
        self,
        folder: Path = DEFAULT_FOLDER,
        *,
        network: str = DEFAULT_NETWORK,
        prefix: str = DEFAULT_PREFIX,
    ) -> None:
        """Make a lab; nothing is started yet.

        Args:
            folder: where its state is, and the keys to log in with.
            network: what `mgmt0` of the routers is in; this machine gets its last address.
            prefix: how the names of the links begin that it makes on this machine.
        """
        self.folder = folder.absolute()
        self._file = self.folder / "lab.json"
        self._new = (prefix, network)
        self._record = self._read()

    @property
    def routers(self) -> dict[str, Router]:
        """All routers by name, also those that are switched off, or that another process has started."""
        self._record = self._read()
        return dict(self._record.routers)

    def _read(self) -> Record:
        return read_record(self._file) or Record(*self._new)

    def up(self, number: int, startup: Mapping[str, str] | None = None) -> list[Router]:
        """Start the routers that are not running, and return those that were started.

        Args:
            number: how many there are to be.
            startup: configurations to boot with by name; others boot with what they have saved.

        Raises:
            LabError: this machine can't run them, or something is in the way.
        """
        self._check(number)
        there = self.routers
        if not self._file.exists():
            self._prepare()
        names = [f"r{index}" for index in range(1, number + 1)]
        wanted = [name for name in names if name not in there or not there[name].running]
        return self._start(wanted, startup or {})

    def down(self) -> int:
        """End everything that was started, also by a start that did not get far; return how many were running."""
        routers = self.routers
        running = [router for router in routers.values() if router.running]
        for router in routers.values():
            self._stop(router)
        if self._file.exists():
            for name in self._bridges:
                _gone(name)
        for name in routers:
            shutil.rmtree(self.folder / name, ignore_errors=True)
        for name in ("known_hosts", "password", "id_ed25519", "id_ed25519.pub", "lab.json"):
            (self.folder / name).unlink(missing_ok=True)
        with suppress(OSError):  # something else is in there
            self.folder.rmdir()
        return len(running)

    def off(self, name: str) -> None:
        """Switch a router off, as if somebody had pulled the plug."""
        self._stop(self._router(name))

    def on(self, name: str) -> None:
        """Switch a router on; it boots with what it has saved."""
        self._start([self._router(name).name], {})

    def run(self, name: str, *command: str, user: str = "root") -> str:
        """Run a command on a router, as somebody at its console would; raises LabError when it fails."""
        inside = ("nsenter", "--target", str(self._inside(name)), "--all")
        return call(*inside, "runuser", "-u", user, "--", *command)

    def change(self, name: str, *lines: str) -> None:
        """Change a router's configuration by hand, behind driftline's back."""
        self.run(name, "vtysh", *(word for line in ("configure terminal", *lines) for word in ("-c", line)))

    def running_config(self, name: str) -> str:
        """Return what a router shows as its running configuration."""
        return self.run(name, "vtysh", "-c", "show running-config")

    def nornir_hosts(self, user: str = OPERATOR) -> dict[str, Any]:
        """Return the routers as the hosts of a Nornir inventory."""
        return {router.name: self._host(router, user) for router in self.routers.values()}

    def _host(self, router: Router, user: str) -> dict[str, Any]:
        access = {
            "use_keys": True,
            "key_file": str(self.folder / "id_ed25519"),
            "allow_agent": False,
            "alt_host_keys": True,
            "alt_key_file": str(self.folder / "known_hosts"),
            "system_host_keys": False,
        }
        return {
            "hostname": router.address,
            "port": 22,
            "username": user,
            "platform": "frr",
            "connection_options": {"napalm": {"extras": {"optional_args": access}}},
        }

    # Parts ------------------------------------------------------------------------------------------------

    @property
    def _bridges(self) -> tuple[str, str]:
        return f"{self._record.prefix}-mgmt", f"{self._record.prefix}-data"

    def _router(self, name: str) -> Router:
        router = self.routers.get(name)
        if router is None:
            raise LabError("LAB-FRR-NO-ROUTER", f"there is no router {name}", "`lab frr devices` lists them")
        return router

    def _check(self, number: int) -> None:
        if not 1 <= number <= MAX_ROUTERS:
            raise LabError("LAB-FRR-NUMBER", f"{number} routers are not from 1 to {MAX_ROUTERS}")
        reason = why_not()
        if reason is not None:
            raise reason

    def _prepare(self) -> None:
        """Make the folder, the record, and the segments; what is there already is somebody else's."""
        network = ipaddress.ip_network(self._record.network)
        for name in self._bridges:
            if Path("/sys/class/net", name).exists():
                raise LabError(
                    "LAB-FRR-BUSY",
                    f"there is a link {name} already, and this lab has not made it",
                    "another lab is up: take it down from its own folder, or start this one with another --prefix",
                )
        for taken in _networks():
            if taken.overlaps(network):
                raise LabError(
                    "LAB-FRR-NETWORK",
                    f"{network} is in use on this machine ({taken})",
                    "give another --network",
                )
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_shared(self.folder)
        self._record.write(self._file)
        management, data = self._bridges
        ours = f"{network[-2]}/{network.prefixlen}"
        for name in (management, data):
            call("ip", "link", "add", name, "type", "bridge")
            call("ip", "link", "set", name, "up")
        call("ip", "addr", "add", ours, "dev", management)

    def _start(self, names: list[str], startup: Mapping[str, str]) -> list[Router]:
        """Start routers, all at once; those that come up stay, whatever the others do."""
        network = ipaddress.ip_network(self._record.network)
        routers = self._record.routers
        for name in names:
            number = int(name[1:])
            routers[name] = Router(name, number, str(network[number]))
        self._record.write(self._file)
        for name in names:
            write_router(self.folder, routers[name], startup.get(name))
        write_known_hosts(self.folder, routers)
        for name in names:
            self._boot(routers[name], f"{routers[name].address}/{network.prefixlen}")
        for name in names:
            self._wait(routers[name])
        return [routers[name] for name in names]

    def _boot(self, router: Router, address: str) -> None:
        home = self.folder / router.name
        self._unplug(router)
        words = ["sh", str(_BOOT), str(home), router.name, address]
        with (home / "log").open("wb") as log:
            process = subprocess.Popen(  # noqa: S603 - our own script
                [shutil.which("unshare", path=search_path()) or "unshare", *_NAMESPACES, *words],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._record.routers[router.name] = replace(router, pid=process.pid, started=started_at(process.pid))
        self._record.write(self._file)
        try:
            _wait_for_namespace(process)
            self._plug(router, process.pid)
        finally:
            process.returncode = 0  # it lives on without us; nobody is going to wait for it

    def _plug(self, router: Router, pid: int) -> None:
        """Give a router its ports."""
        management, data = self._bridges
        for number, (port, end) in enumerate(_LINKS.items()):
            ours = self._end(router, end)
            # As on any box, a port keeps its address when it is switched off and on.
            mac = f"02:66:72:72:{router.number:02x}:{number:02x}"
            theirs = ("name", port, "address", mac, "netns", str(pid))
            call("ip", "link", "add", ours, "type", "veth", "peer", *theirs)
            call("ip", "link", "set", ours, "master", management if port == "mgmt0" else data, "up")

    def _unplug(self, router: Router) -> None:
        for end in _LINKS.values():
            _gone(self._end(router, end))

    def _end(self, router: Router, end: str) -> str:
        return f"{self._record.prefix}{router.number}{end}"

    def _wait(self, router: Router) -> None:
        log = self.folder / router.name / "log"
        deadline = time.monotonic() + _BOOT_TIMEOUT
        while "up" not in (text := log.read_text(encoding="utf-8", errors="replace")).splitlines():
            if not router.running or time.monotonic() > deadline:
                said = (text.strip() or "nothing").splitlines()[-1]
                raise LabError(
                    "LAB-FRR-BOOT", f"{router.name} did not come up; it said: {said}", f"see {log}"
                )
            time.sleep(0.02)

    def _stop(self, router: Router) -> None:
        router.kill()
        self._unplug(router)

    def _inside(self, name: str) -> int:
        """Return the first process inside a router's namespaces."""
        router = self._router(name)
        if not router.running:
            raise LabError("LAB-FRR-OFF", f"{name} is switched off", "switch it on: `lab frr up`")
        children = Path(f"/proc/{router.pid}/task/{router.pid}/children").read_text(encoding="ascii")
        return int(children.split()[0])


def _wait_for_namespace(process: subprocess.Popen[bytes]) -> None:
    ours = Path("/proc/self/ns/net").readlink()
    deadline = time.monotonic() + _BOOT_TIMEOUT
    while time.monotonic() < deadline and process.poll() is None:
        with suppress(OSError):
            if Path(f"/proc/{process.pid}/ns/net").readlink() != ours:
                return
        time.sleep(0.005)
    raise LabError("LAB-FRR-NETNS", "no network namespace was made")


def _networks() -> Iterable[ipaddress.IPv4Network]:
    """Return the IPv4 networks that this machine has an address in."""
    for link in json.loads(call("ip", "-json", "-4", "addr")):
        for address in link.get("addr_info", ()):
            yield ipaddress.IPv4Interface(f"{address['local']}/{address['prefixlen']}").network


def _gone(link: str) -> None:
    """Delete a link; one that is not there is as it should be."""
    with suppress(LabError):
        call("ip", "link", "del", link)
