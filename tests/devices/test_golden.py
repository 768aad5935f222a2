"""Configurations that nobody here wrote: read, rendered, and read again."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from driftline.devices.remediation import _render, lines_between
from driftline.lab import SimulatedDevice
from driftline.network import InterfaceKind

from .leaf import EOS, state_of

if TYPE_CHECKING:
    from driftline.devices.state import DeviceState

CONFIGS = sorted((Path(__file__).parent / "configs" / "eos").glob("*.cfg"))


@pytest.fixture(params=CONFIGS, ids=lambda path: path.stem)
def text(request: pytest.FixtureRequest) -> str:
    """One of the configurations."""
    return request.param.read_text(encoding="utf-8")


def rendered(state: DeviceState) -> str:
    """Everything that driftline knows of a state, as a configuration."""
    vrfs = "".join(f"vrf instance {name}\n" for name in sorted(state.vrfs))
    keys = [key for key in state.objects if key[0] != "ip_address"]
    return f"hostname {state.hostname}\n{vrfs}{_render(EOS, state, keys)}end\n"


def values(state: DeviceState) -> dict[tuple[str, str], dict[str, object]]:
    """The managed values by object."""
    return {key: obj.get_attrs() for key, obj in state.objects.items()}


def test_there_are_enough() -> None:
    """The configurations are where the tests look for them."""
    assert len(CONFIGS) >= 10


def test_every_modelled_interface_is_read(text: str) -> None:
    """Each section that names a port, a LAG, an SVI, a loopback or a subinterface becomes an object."""
    names = [line.split()[1] for line in text.splitlines() if line.startswith("interface ")]
    modelled = [name for name in names if not name.startswith(("Vxlan", "Tunnel", "Dps"))]
    assert sorted(modelled) == sorted(i.name for i in state_of(text).of("interface"))


def test_no_interface_is_of_an_unknown_kind(text: str) -> None:
    """Nothing is taken for a port that is none."""
    assert InterfaceKind.OTHER not in {interface.kind for interface in state_of(text).of("interface")}


def test_rendered_and_read_again_it_is_the_same(text: str) -> None:
    """Every section rendered from its state says what the original said, unmodelled lines included."""
    state = state_of(text)
    again = state_of(rendered(state))
    assert values(state) == values(again)
    assert state.kept == again.kept


def test_no_line_is_lost(text: str) -> None:
    """Every line below an interface's header is either in a value or kept, but for defaults that are shown."""
    state = state_of(text)
    shown = {"no shutdown", "switchport", "switchport mode access", "vrf default", "mtu 1500"}
    sections = rendered(state).splitlines()
    for line in _interface_lines(text):
        assert line in sections or line.strip() in shown or line.startswith(_RANGES)


_RANGES = "   switchport trunk allowed vlan "  # written as ranges, whatever the original wrote


def _interface_lines(text: str) -> list[str]:
    found, inside = [], False
    for line in text.splitlines():
        if line[:1] not in (" ", "!"):
            inside = line.startswith("interface ") and "Vxlan" not in line and "Tunnel" not in line
        elif inside and line.strip().strip("!"):
            found.append(line)
    return found


def test_nothing_lies_between_a_state_and_itself(text: str) -> None:
    """A device that is as wanted is sent nothing."""
    state = state_of(text)
    assert lines_between(EOS, state, state.copy(), list(state.objects)) == []


def test_the_simulator_shows_the_same_state(text: str) -> None:
    """What the simulator makes of the configuration, reads as the configuration itself."""
    booted = SimulatedDevice("booted", text).running_config
    assert values(state_of(text)) == values(state_of(booted))
