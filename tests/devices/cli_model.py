"""A small model of how command lines change a configuration: IOS, NX-OS and IOS XR.

It is the judge of the lines that driftline computes: it is written from what the vendors' manuals say, knows
nothing of driftline, and refuses every line that it does not know and every order that the device would refuse.
"""

from __future__ import annotations

import copy
import ipaddress
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_LOGICAL = re.compile(r"(?i)loopback|vlan|port-channel|bundle-ether|.*\.\d")
_SWITCHING = ("switchport access vlan", "switchport trunk native vlan", "switchport trunk allowed vlan")


class Refused(Exception):
    """The device does not take a line."""


@dataclass(frozen=True)
class Manner:
    """In what the three differ."""

    vrf: tuple[str, ...]
    address: str
    member: str
    tag: str
    masks: bool
    shut_by_default: bool = False
    """A routed port, an SVI and a subinterface are shut down unless they say otherwise."""
    switches: bool = True
    vrf_drops: tuple[str, ...] | None = ()
    """What goes beside the addresses when the VRF changes; None: it is refused while there are addresses."""
    layer_drops: bool = False
    """A port that becomes routed forgets what it was as a switched one."""
    at_once: bool = False
    """The lines take effect together: their order does not matter, only what comes of them."""
    access: str = "access"
    """The mode of a switched port that says nothing about it."""
    mtu: tuple[str, str] = ("1500", "1500")
    """What is not shown: of a loopback, and of other interfaces."""


MANNERS = {
    "ios": Manner(
        ("vrf forwarding", "ip vrf forwarding"),
        "ip address",
        "channel-group",
        "encapsulation dot1Q",
        masks=True,
        access="",
        mtu=("1514", "1500"),
    ),
    "nxos": Manner(
        ("vrf member",),
        "ip address",
        "channel-group",
        "encapsulation dot1q",
        masks=False,
        shut_by_default=True,
        vrf_drops=("ip ", "ipv6 ", "hsrp "),
        layer_drops=True,
    ),
    "iosxr": Manner(
        ("vrf",),
        "ipv4 address",
        "bundle id",
        "encapsulation dot1q",
        masks=True,
        switches=False,
        vrf_drops=None,
        at_once=True,
        mtu=("1500", "1514"),
    ),
}


@dataclass
class Port:
    """One interface."""

    name: str
    routed: bool
    words: dict[str, str] = field(default_factory=dict)
    up: bool = True
    pure: bool = False
    """It routes and knows nothing else: a router's port, which a text shows by its addresses, or that it has none."""
    primary: str = ""
    secondary: list[str] = field(default_factory=list)
    ipv6: list[str] = field(default_factory=list)
    extras: dict[str, list[str]] = field(default_factory=dict)
    """Lines that the test's text has and driftline does not model, with what is below them."""

    @property
    def addresses(self) -> list[str]:
        """All of them."""
        return [*([self.primary] if self.primary else []), *self.secondary, *self.ipv6]

    def vrf(self, manner: Manner) -> str:
        """Its VRF; empty: the default one."""
        return next((self.words[word] for word in manner.vrf if word in self.words), "")


class CliDevice:
    """A device whose configuration is changed by lines."""

    def __init__(self, platform: str, text: str) -> None:
        self.manner = MANNERS[platform]
        self.ports: dict[str, Port] = {}
        self.vlans: dict[int, dict[str, str]] = {}
        self.others: list[str] = []
        self._extras: set[str] = set()
        self._booting = True
        self._said: set[str] = set()
        self._run(text.splitlines())
        for port in self.ports.values():
            if port.name not in self._said:
                port.up = not self._shut(port.name, routed=port.routed)
        self._booting = False

    def change(self, *lines: str) -> None:
        """Take lines, as if they were typed; raises Refused."""
        if not self.manner.at_once:
            self._run(lines)
            self._check_whole()
            return
        before = copy.deepcopy(self.ports)
        self._run(lines)
        self._check_whole()
        for name, port in self.ports.items():
            old = before.get(name)
            if old and old.addresses and old.vrf(self.manner) != port.vrf(self.manner):
                raise Refused(f"{name}: another VRF, and it has addresses")

    # Lines --------------------------------------------------------------------------------------------------

    def _run(self, lines: Iterable[str]) -> None:
        place: object = None
        extra: list[str] = []
        banner = False
        for line in lines:
            text = line.strip()
            depth = len(line) - len(line.lstrip())
            if text.startswith("banner ") or banner:
                banner = banner != text.endswith("^C")
                continue
            if not text or text[0] == "!":
                continue
            if depth == 0:
                place = self._enter(text)
                top = None
            elif isinstance(place, Port):
                top = depth if top is None else top
                if depth > top:
                    extra.append(text)
                else:
                    extra = self._in_port(place, text)
            elif isinstance(place, dict):
                self._in_vlan(place, text)
            elif self._booting:
                self.others.append(f" {text}")

    def _enter(self, text: str) -> object:
        negative, line = text.startswith("no "), text.removeprefix("no ")
        word, _, rest = line.partition(" ")
        if word == "default" and rest.startswith("interface "):
            name = rest.removeprefix("interface ")
            self._need(name in self.ports and not _LOGICAL.match(name), text)
            self.ports[name] = self._blank(name)
            return None
        if word == "interface":
            return self._enter_port(rest, text, negative=negative)
        if word == "vlan" and rest.isdigit() and self.manner.switches:
            if negative:
                self._need(int(rest) in self.vlans, text)
                del self.vlans[int(rest)]
                return None
            return self.vlans.setdefault(int(rest), {})
        if word == "vlan" and self._booting and rest[:1].isdigit():
            for vid in _expanded(rest):
                self.vlans.setdefault(vid, {})
            return None
        self._need(self._booting, text)
        self.others.append(text)
        return None

    def _enter_port(self, name: str, text: str, *, negative: bool) -> Port | None:
        if negative:
            self._need(name in self.ports and bool(_LOGICAL.match(name)), text)
            del self.ports[name]
            return None
        if name not in self.ports:
            self._need(self._booting or bool(_LOGICAL.match(name)), text)
            self.ports[name] = self._blank(name)
        return self.ports[name]

    def _blank(self, name: str) -> Port:
        kind = name.casefold()
        switched = self.manner.switches and "." not in name and kind.startswith(("eth", "gig", "port"))
        return Port(name, routed=not switched, up=not self._shut(name, routed=not switched))

    def _shut(self, name: str, *, routed: bool) -> bool:
        return self.manner.shut_by_default and routed and not name.casefold().startswith(("loop", "mgmt"))

    def _in_vlan(self, vlan: dict[str, str], text: str) -> None:
        if text.startswith("no "):
            self._need(text == "no name", text)
            vlan.pop("name", None)
        elif text.startswith("name "):
            vlan["name"] = text
        else:
            self._need(self._booting or text in self._extras, text)
            self._extras.add(text)
            vlan[text] = text

    def _in_port(self, port: Port, text: str) -> list[str]:
        negative, line = text.startswith("no "), text.removeprefix("no ")
        manner = self.manner
        self._see_a_router(port, line)
        if line == "shutdown":
            port.up = negative
            self._said.add(port.name)
        elif line == "switchport" and manner.switches:
            self._need(not port.pure or self._booting, text)
            port.pure = False
            self._layer(port, routed=negative)
        elif line in (manner.address, "ipv6 address") and self._booting:
            pass
        elif _is_address(line, manner):
            self._address(port, line, text, negative=negative)
        elif any(line == word or line.startswith(f"{word} ") for word in manner.vrf):
            self._vrf(port, line, negative=negative)
        elif not self._word(port, line, text, negative=negative):
            self._need(self._booting or text in self._extras, text)
            self._extras.add(text)
            return port.extras.setdefault(text, [])
        return []

    def _see_a_router(self, port: Port, line: str) -> None:
        layer_3 = ("ip address", "ipv6 address ", "ip nat ", *(f"{word} " for word in self.manner.vrf))
        if self._booting and not port.routed and line.startswith(layer_3):
            port.routed = port.pure = True

    def _word(self, port: Port, line: str, text: str, *, negative: bool) -> bool:
        words = ["description", "mtu", self.manner.member, self.manner.tag]
        words += [*_SWITCHING, "switchport mode"] if self.manner.switches else []
        word = next((w for w in words if line == w or line.startswith(f"{w} ")), None)
        if word is None:
            return False
        self._need(not word.startswith("switchport") or not port.routed or self._booting, text)
        self._need(negative or line != word, text)
        self._need(len(line) <= 254 or self._booting, text)
        if line.startswith((f"{word} add ", f"{word} remove ", f"{word} except ")):
            port.words[word] = _listed(port.words.get(word, "1-4094"), line[len(word) + 1 :])
        elif negative or line in (f"switchport mode {self.manner.access}", f"mtu {self._mtu(port)}"):
            port.words.pop(word, None)
        else:
            port.words[word] = line[len(word) + 1 :]
        return True

    def _mtu(self, port: Port) -> str:
        return self.manner.mtu[not port.name.casefold().startswith("loop")]

    def _layer(self, port: Port, *, routed: bool) -> None:
        if routed == port.routed:
            return
        port.routed = routed
        if self.manner.shut_by_default and not self._booting:
            port.up = not self._shut(port.name, routed=routed)
        if not routed:
            port.primary, port.secondary, port.ipv6 = "", [], []
        elif self.manner.layer_drops:
            port.words = {
                word: text for word, text in port.words.items() if not word.startswith("switchport")
            }

    def _vrf(self, port: Port, line: str, *, negative: bool) -> None:
        word = next(w for w in self.manner.vrf if line == w or line.startswith(f"{w} "))
        name = "" if negative else line[len(word) + 1 :]
        self._need(port.routed, line)
        if name == port.vrf(self.manner):
            return
        for one in self.manner.vrf:
            port.words.pop(one, None)
        if name:
            port.words[word] = name
        if self.manner.vrf_drops is not None:
            port.primary, port.secondary, port.ipv6 = "", [], []
            port.extras = {
                line: below
                for line, below in port.extras.items()
                if not line.startswith(self.manner.vrf_drops or "\0")
            }

    def _address(self, port: Port, line: str, text: str, *, negative: bool) -> None:
        self._need(port.routed, text)
        if line.startswith("ipv6"):
            found = str(ipaddress.ip_interface(line.split()[2]))
            self._need((found in port.ipv6) == negative, text)
            port.ipv6.remove(found) if negative else port.ipv6.append(found)
            self._check_overlap(port, found)
            return
        words = line.removeprefix(f"{self.manner.address} ").split()
        secondary = words[-1] == "secondary"
        found = str(ipaddress.ip_interface("/".join(words[: len(words) - secondary])))
        if negative:
            self._remove(port, found, text, secondary=secondary)
            return
        self._need(found not in port.secondary, text)
        if secondary:
            self._need(self.manner.at_once or (bool(port.primary) and port.primary != found), text)
            port.secondary.append(found)
        else:
            port.primary = found
        self._check_overlap(port, found)

    def _remove(self, port: Port, found: str, text: str, *, secondary: bool) -> None:
        if secondary:
            self._need(found in port.secondary, text)
            port.secondary.remove(found)
        else:
            self._need(port.primary == found, text)
            self._need(self.manner.at_once or not port.secondary, text)
            port.primary = ""

    def _check_overlap(self, port: Port, address: str) -> None:
        if self.manner.at_once or self._booting:
            return
        network = ipaddress.ip_interface(address).network
        for other in self.ports.values():
            if other is port or other.vrf(self.manner) != port.vrf(self.manner):
                continue
            for one in other.addresses:
                there = ipaddress.ip_interface(one).network
                if there.version == network.version and there.overlaps(network):
                    raise Refused(f"{address} on {port.name} overlaps with {one} on {other.name}")

    def _check_whole(self) -> None:
        for port in self.ports.values():
            if port.secondary and not port.primary:
                raise Refused(f"{port.name}: secondary addresses without a primary one")

    def _need(self, true: bool, text: str) -> None:  # noqa: FBT001
        if not true:
            raise Refused(text)

    # What it shows ------------------------------------------------------------------------------------------

    @property
    def running_config(self) -> str:
        """The configuration, always in the same order."""
        lines = [*self.others[:-1]] if self.others[-1:] == ["end"] else [*self.others]
        for vid, vlan in sorted(self.vlans.items()):
            lines += [f"vlan {vid}", *(f" {line}" for line in sorted(vlan.values()))]
        for name in sorted(self.ports):
            lines += [f"interface {name}", *(f" {line}" for line in self._shown(self.ports[name]))]
        return "\n".join([*lines, *self.others[-1:]] if self.others[-1:] == ["end"] else lines) + "\n"

    def _shown(self, port: Port) -> list[str]:
        manner = self.manner
        words = [f"{word} {rest}" for word, rest in sorted(port.words.items())]
        switchable = not self._blank(port.name).routed
        routed = switchable and port.routed and not port.pure
        lines = [*words, *(["no switchport"] if routed else [])]
        form = _masked if manner.masks else str
        if port.primary:
            lines.append(f"{manner.address} {form(port.primary)}")
        elif port.routed and not manner.shut_by_default and manner.switches:
            lines.append("no ip address")
        lines += [f"{manner.address} {form(one)} secondary" for one in sorted(port.secondary)]
        lines += [f"ipv6 address {one}" for one in sorted(port.ipv6)]
        for extra, below in sorted(port.extras.items()):
            lines += [extra, *(f" {line}" for line in below)]
        if port.up == self._shut(port.name, routed=port.routed):
            lines.append("no shutdown" if port.up else "shutdown")
        return lines


def _is_address(line: str, manner: Manner) -> bool:
    return bool(re.match(rf"({manner.address}|ipv6 address) [0-9a-fA-F:.]+[/ ]\S+( secondary)?$", line))


def _masked(address: str) -> str:
    return ipaddress.ip_interface(address).with_netmask.replace("/", " ")


def _expanded(text: str) -> list[int]:
    found: list[int] = []
    for part in text.split(","):
        first, _, last = part.partition("-")
        found += range(int(first), int(last or first) + 1)
    return found


def _listed(before: str, text: str) -> str:
    """A trunk's list after `add`, `remove` or `except`."""
    verb, _, rest = text.partition(" ")
    there, these = set(_expanded(before)), set(_expanded(rest))
    vids = {"add": there | these, "remove": there - these, "except": set(range(1, 4095)) - these}[verb]
    runs = [[vid] for vid in sorted(vids) if vid - 1 not in vids]
    for run in runs:
        while run[-1] + 1 in vids:
            run.append(run[-1] + 1)
    return ",".join(str(run[0]) if len(run) == 1 else f"{run[0]}-{run[-1]}" for run in runs)
