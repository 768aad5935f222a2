"""Junos: what is read from set commands, what is refused, and how NAPALM's own driver is asked."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from lxml import etree
from napalm.junos import JunOSDriver

from driftline.devices.platforms import PLATFORMS
from driftline.devices.reading import parse, read_running
from driftline.engine.exceptions import PrepareError, UnusableAnswer

from .boxes import BOXES
from .fake_driver import Driver, let_napalm_find
from .leaf import adapter_of, create, delete, fleet_of, host, intent_after, plan_of, port, update

if TYPE_CHECKING:
    from driftline.devices.state import Change, DeviceState

BOX, JUNOS = BOXES["junos"], PLATFORMS["junos"]


def state_of(*lines: str) -> DeviceState:
    """What these lines say, beside the box's own."""
    return parse(BOX.text + "".join(f"{line}\n" for line in lines), "leaf1", JUNOS)


def refusal(*changes: Change, lines: tuple[str, ...] = ()) -> str:
    """The message of a plan that is refused; it names the object."""
    with pytest.raises(PrepareError) as caught:
        BOX.lines(*changes, text=BOX.text + "".join(f"{line}\n" for line in lines))
    assert caught.value.culprits
    assert caught.value.code == "PLAN-UNSUPPORTED"
    return caught.value.message


# What comes from elsewhere ------------------------------------------------------------------------------------

ELSEWHERE = {
    "a group that is applied to all": (
        ("set groups JUMBO interfaces <ge-*> mtu 9192", "set apply-groups JUMBO"),
        "ge-0/0/2",
        "group JUMBO",
    ),
    "a group that is applied to interfaces": (
        ("set groups V6 interfaces <*> unit <*> family inet6", "set interfaces apply-groups V6"),
        "ge-0/0/1.0",
        "group V6",
    ),
    "a group that is applied to the port": (
        ("set interfaces ge-0/0/2 apply-groups EDGE",),
        "ge-0/0/2",
        "group EDGE",
    ),
    "a group of this node": (
        (
            "set groups node0 interfaces fxp0 unit 0 family inet address 192.0.2.9/24",
            'set apply-groups "${node}"',
        ),
        "fxp0.0",
        "group node0",
    ),
    "a range by its members": (
        (
            "set interfaces interface-range USERS member ge-0/0/2",
            "set interfaces interface-range USERS mtu 9192",
        ),
        "ge-0/0/2",
        "interface-range USERS",
    ),
    "a range with wildcards": (
        (
            'set interfaces interface-range USERS member "ge-0/0/[2-6]"',
            "set interfaces interface-range USERS disable",
        ),
        "ge-0/0/3",
        "interface-range USERS",
    ),
    "a range from one to another": (
        (
            "set interfaces interface-range USERS member-range ge-0/0/1 to ge-0/0/3",
            "set interfaces interface-range USERS unit 0 family ethernet-switching",
        ),
        "ge-0/0/2.0",
        "interface-range USERS",
    ),
    "an inactive statement": (("deactivate interfaces ge-0/0/2 description",), "ge-0/0/2", "inactive"),
    "an inactive unit": (("deactivate interfaces ge-0/0/1 unit 0",), "ge-0/0/1.0", "inactive"),
    "an inactive port": (("deactivate interfaces ge-0/0/1",), "ge-0/0/1.0", "inactive"),
    "an inactive membership": (
        ("deactivate routing-instances BLUE interface ge-0/0/5.100",),
        "ge-0/0/5.100",
        "inactive in routing instance BLUE",
    ),
    "all ports in a range": (
        ("set interfaces interface-range USERS member all", "set interfaces interface-range USERS mtu 9192"),
        "ge-0/0/2",
        "interface-range USERS",
    ),
    "a routing instance of another type": (
        ("set routing-instances MAC instance-type mac-vrf", "set routing-instances MAC interface ge-0/0/6.0"),
        "ge-0/0/6.0",
        "of type mac-vrf",
    ),
    "a VLAN that names it": (("set vlans v20 interface ge-0/0/6.0",), "ge-0/0/6.0", "VLAN v20 names it"),
    "the older way": (
        ("set interfaces ge-0/0/6 unit 0 family ethernet-switching port-mode access",),
        "ge-0/0/6.0",
        "port-mode",
    ),
    "a VLAN that is not defined": (
        ("set interfaces ge-0/0/6 unit 0 family ethernet-switching vlan members nobody",),
        "ge-0/0/6.0",
        "VLAN nobody",
    ),
    "a bridge of an MX": (("set interfaces ge-0/0/1 unit 0 family bridge",), "ge-0/0/1.0", "bridges"),
}
ALL = pytest.mark.parametrize(("lines", "name", "why"), ELSEWHERE.values(), ids=ELSEWHERE)


@ALL
def test_what_is_not_only_its_own_is_not_changed(lines: tuple[str, ...], name: str, why: str) -> None:
    """The plan is refused, and says which interface and where else it is configured."""
    message = refusal(port(name, description="new"), lines=lines)
    assert message.startswith(f"interface {name} can't be changed on junos: ")
    assert why in message


@ALL
def test_what_is_not_only_its_own_is_not_said_to_be_in_line(
    lines: tuple[str, ...], name: str, why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A device whose intent lists such an interface is not compared: the failure names it."""
    text = BOX.text + "".join(f"{line}\n" for line in lines)
    let_napalm_find(Driver(replace(BOX, text=text)), monkeypatch)
    adapter = adapter_of(fleet_of({"leaf1": host("leaf1", "192.0.2.1", 22, platform="junos")}))
    assert adapter.failures == {}
    adapter.fit(intent_after(adapter))
    problems = {problem.where: problem.message for problem in adapter.failures["leaf1"].problems}  # type: ignore[attr-defined]
    assert why in problems[f"leaf1 {name}"]


@ALL
def test_what_is_not_only_its_own_is_never_deleted_as_unlisted(
    lines: tuple[str, ...], name: str, why: str
) -> None:
    """It is protected."""
    found = state_of(*lines).interface(name)
    assert found is not None
    assert found.protected


def test_others_are_not_concerned() -> None:
    """A group for the system, or one that is not applied, and a range of others change nothing."""
    state = state_of(
        "set groups SYSTEM system services netconf ssh",
        "set groups UNUSED interfaces <*> mtu 9192",
        "set apply-groups SYSTEM",
        "set interfaces interface-range USERS member ge-0/0/2",
        "set interfaces interface-range USERS mtu 9192",
    )
    names = [one.name for one in state.of("interface") if state.why_foreign(f"interface {one.name}")]
    assert names == ["ge-0/0/2"]


def test_vlans_of_a_group() -> None:
    """They are not read, so no VLAN is taken for missing."""
    lines = ("set groups CAMPUS vlans guests vlan-id 40", "set apply-groups CAMPUS")
    assert "group CAMPUS brings VLANs" in refusal(create("vlan", {"name": "a"}, vid=40), lines=lines)


def test_an_inactive_vlan() -> None:
    """It is not there for the switch, and its name is taken."""
    message = refusal(update("vlan", {"name": "staff"}, vid=20), lines=("deactivate vlans v20",))
    assert "inactive" in message


# Reading ------------------------------------------------------------------------------------------------------


def test_braces_are_no_set_commands() -> None:
    """A driver that shows the configuration otherwise is told from an empty device."""
    with pytest.raises(UnusableAnswer, match="`system` begins no set command"):
        parse("system {\n    host-name leaf1;\n}\n", "leaf1", JUNOS)


def test_the_primary_address_is_the_lowest_or_says_so() -> None:
    """As the device chooses it."""

    def primary(*lines: str) -> list[str]:
        addresses = state_of(*lines).addresses_of("irb.10")
        return [one.address for one in addresses if one.primary_ipv4]

    assert primary() == ["10.10.0.1/24"]
    assert primary("set interfaces irb unit 10 family inet address 9.9.9.9/24") == ["9.9.9.9/24"]
    assert primary("set interfaces irb unit 10 family inet address 10.10.2.1/24 primary") == ["10.10.2.1/24"]


def test_two_routing_engines_have_two_names() -> None:
    """They are in groups; the first is the one that answers."""
    text = BOX.text.replace("set system host-name", "set groups re0 system host-name")
    assert parse(text, "leaf1", JUNOS).hostname == "leaf1"


def test_the_management_instance() -> None:
    """With it, the management ports' units are in a VRF without being listed in it."""
    state = state_of("set system management-instance")
    assert [one.vrf for one in state.addresses_of("fxp0.0")] == ["mgmt_junos"]
    text = BOX.text + "set system management-instance\n"
    assert BOX.lines(port("fxp0.0", description="oob"), text=text) == [
        "set interfaces fxp0 unit 0 description oob"
    ]


def test_a_port_that_shows_nothing_is_there() -> None:
    """It comes into the configuration with its first line, and leaves it with the last."""
    assert "ge-0/0/7" not in BOX.text
    assert BOX.differences(port("ge-0/0/7", description="new")) == {}
    text = f"{BOX.text}set interfaces ge-0/0/7 description old\n"
    assert BOX.differences(port("ge-0/0/7", description=None), text=text) == {}
    assert BOX.lines(delete("interface", name="ge-0/0/7"), text=text) == [
        "delete interfaces ge-0/0/7 description"
    ]


def test_a_port_that_was_silent_once_is_silent_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Going back to a configuration of then takes its lines away."""
    text = f"{BOX.text}set interfaces ge-0/0/7 description new\n"
    let_napalm_find(Driver(replace(BOX, text=text)), monkeypatch)
    adapter = adapter_of(fleet_of({"leaf1": host("leaf1", "192.0.2.1", 22, platform="junos")}))
    recalled = adapter.recall({"leaf1": BOX.text}, {"leaf1": "lab"})
    assert plan_of(adapter, recalled).native == {"leaf1": ("delete interfaces ge-0/0/7 description",)}  # type: ignore[arg-type]


# What Junos has otherwise -------------------------------------------------------------------------------------


def test_a_lower_secondary_address_makes_the_primary_say_so() -> None:
    """Junos would take the lowest for it."""
    change = create("ip_address", {"interface": "irb.20", "secondary": True}, address="9.9.9.9/24")
    assert BOX.lines(change) == [
        "set interfaces irb unit 20 family inet address 10.20.0.1/24 primary",
        "set interfaces irb unit 20 family inet address 9.9.9.9/24",
    ]
    assert BOX.differences(change) == {}


def test_a_vlan_that_is_renamed_is_listed_by_number() -> None:
    """Its name is what others know it by: those that list it follow, and what is below it too."""
    change = update("vlan", {"name": "staff"}, vid=10)
    switching = "family ethernet-switching vlan members"
    assert BOX.lines(change) == [
        "delete vlans users",
        "set vlans staff vlan-id 10",
        "set vlans staff l3-interface irb.10",
        "set vlans staff vxlan vni 10010",
        f"delete interfaces ae0 unit 0 {switching} users",
        f"set interfaces ae0 unit 0 {switching} 10",
        f"delete interfaces ge-0/0/2 unit 0 {switching} users",
        f"set interfaces ge-0/0/2 unit 0 {switching} 10",
    ]
    assert BOX.differences(change) == {}


def test_an_svi_is_named_by_its_vlan() -> None:
    """It comes and goes with the line in the VLAN, without which it would stay down."""
    made = create("interface", {"description": "new"}, name="irb.21")
    assert BOX.lines(made) == [
        "set vlans v21 l3-interface irb.21",
        "set interfaces irb unit 21 description new",
    ]
    assert BOX.differences(made) == {}
    gone = (delete("interface", name="irb.20"), delete("ip_address", address="10.20.0.1/24"))
    assert sorted(BOX.lines(*gone)) == ["delete interfaces irb unit 20", "delete vlans v20 l3-interface"]
    assert BOX.differences(*gone) == {}


def test_a_new_port_channel_gets_the_mode_of_its_members() -> None:
    """LACP is said once, on the aggregated interface."""
    changes = (create("interface", {}, name="ae1"), port("ge-0/0/3", lag="ae1", lag_mode="active"))
    assert BOX.lines(*changes) == [
        "set interfaces ae1 aggregated-ether-options lacp active",
        "set interfaces ge-0/0/3 ether-options 802.3ad ae1",
    ]
    assert BOX.differences(*changes) == {}


def test_a_vrf_change_moves_the_membership_only() -> None:
    """Addresses stay where they are."""
    changes = (
        port("ge-0/0/5.100", vrf="RED"),
        delete("ip_address", vrf="BLUE", address="10.5.0.1/24"),
        create("ip_address", {"interface": "ge-0/0/5.100"}, vrf="RED", address="10.5.0.1/24"),
    )
    assert BOX.lines(*changes) == [
        "delete routing-instances BLUE interface ge-0/0/5.100",
        "set routing-instances RED interface ge-0/0/5.100",
    ]
    assert BOX.differences(*changes) == {}


def test_vlans_come_and_go() -> None:
    """With a name of its own, or one that driftline gives: Junos knows VLANs by their names."""
    assert BOX.lines(create("vlan", {"name": "new"}, vid=30)) == ["set vlans new vlan-id 30"]
    assert BOX.lines(create("vlan", {"name": None}, vid=30)) == ["set vlans vlan30 vlan-id 30"]
    assert BOX.differences(delete("vlan", vid=21), create("vlan", {"name": None}, vid=30)) == {}


# Refused, with the object and the reason ------------------------------------------------------------------------

VRRP = "set interfaces irb unit 20 family inet address 10.20.0.1/24 vrrp-group 1 virtual-address 10.20.0.254"
REFUSED = {
    "an address with more below it": (delete("ip_address", address="10.20.0.1/24"), "more below it", (VRRP,)),
    "lines that keep it a switch": (port("ge-0/0/2.0", mode="routed"), "storm-control", ()),
    "a list of a trunk on an access port": (port("ge-0/0/2.0", trunk_vlans="20"), "trunk_vlans are lost", ()),
    "an access VLAN on a trunk": (port("ae0.0", access_vlan=20), "access_vlan is lost", ()),
    "two modes of LACP": (port("ge-0/0/6", lag="ae0", lag_mode="passive"), "have one lag_mode", ()),
    "LACP on what is not there": (
        port("ge-0/0/6", lag="ae7", lag_mode="active"),
        "ae7, which is not there",
        (),
    ),
    "an address on a port": (
        create("ip_address", {"interface": "ge-0/0/3"}, address="10.99.0.1/24"),
        "a unit of it routes: ge-0/0/3.0",
        (),
    ),
    "a loopback without a unit": (create("interface", {}, name="lo0"), "lo0.0, or another", ()),
    "two VLANs of one name": (create("vlan", {"name": "users"}, vid=30), "is called users", ()),
    "the name of a list of VLANs": (
        create("vlan", {"name": "many"}, vid=30),
        "is called many",
        ("set vlans many vlan-id-list 100-110",),
    ),
    "a name with a blank": (create("vlan", {"name": "a b"}, vid=30), "can't be a VLAN's name", ()),
}


@pytest.mark.parametrize(("change", "why", "lines"), REFUSED.values(), ids=REFUSED)
def test_what_can_not_be_is_refused(change: Change, why: str, lines: tuple[str, ...]) -> None:
    """It is said when the plan is made."""
    assert why in refusal(change, lines=lines)


def test_a_refusal_shows_no_secret() -> None:
    """What is below an address may be one."""
    path = "set interfaces irb unit 20 family inet address 10.20.0.1/24"
    lines = (f'{path} vrrp-group 1 authentication-key "$9$hidden"',)
    message = refusal(delete("ip_address", address="10.20.0.1/24"), lines=lines)
    assert "vrrp-group 1 authentication-key" in message
    assert "hidden" not in message


# NAPALM's own driver --------------------------------------------------------------------------------------------


class Rpc:
    """What PyEZ asks of the device for a configuration."""

    def __init__(self) -> None:
        self.asked: list[dict[str, str]] = []

    def get_config(self, filter_xml: object, options: dict[str, str]) -> Any:
        self.asked.append(dict(options))
        answer = etree.Element("configuration-set")
        answer.text = f"\n{BOX.text}"
        return answer


def test_napalm_is_asked_for_set_commands() -> None:
    """Its own driver hands the format on, and returns what the device shows."""
    driver = JunOSDriver("192.0.2.1", "admin", "secret")
    driver.device = SimpleNamespace(rpc=Rpc())
    text = read_running(driver, "leaf1", JUNOS)
    assert driver.device.rpc.asked == [{"format": "set", "database": "committed"}]
    assert parse(text, "leaf1", JUNOS).interface("ge-0/0/2.0") is not None


@pytest.mark.parametrize("change", [port("ge-0/0/2", description="x"), port("ge-0/0/2", description=None)])
def test_napalm_takes_the_lines_for_set_commands(change: Change) -> None:
    """It tells the format by the first word."""
    driver = JunOSDriver("192.0.2.1", "admin", "secret")
    assert driver._detect_config_format("\n".join(BOX.lines(change))) == "set"


@pytest.mark.parametrize(("locked", "pending", "done"), [
    (True, True, "discarded"),
    (True, False, "discarded"),
    (False, True, "rolled back"),
    (False, False, "discarded"),
])  # fmt: skip
def test_only_a_commit_of_our_own_is_taken_back(locked: bool, pending: bool, done: str) -> None:  # noqa: FBT001
    """The driver holds the lock until it has committed: before that, what waits is somebody else's."""
    calls: list[str] = []
    driver = SimpleNamespace(
        locked=locked,
        has_pending_commit=lambda: pending,
        rollback=lambda: calls.append("rolled back"),
        discard_config=lambda: calls.append("discarded"),
    )
    JUNOS.discard(driver)
    assert calls == [done]


def test_a_second_run_finds_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where a port leaves the configuration because nothing is left to say."""
    driver = Driver(replace(BOX, text=f"{BOX.text}set interfaces ge-0/0/7 description old\n"))
    let_napalm_find(driver, monkeypatch)
    adapter = adapter_of(fleet_of({"leaf1": host("leaf1", "192.0.2.1", 22, platform="junos")}))
    intent = intent_after(adapter, port("ge-0/0/7", description=None))
    assert plan_of(adapter, intent).native == {"leaf1": ("delete interfaces ge-0/0/7 description",)}
    driver.device.change("delete interfaces ge-0/0/7 description")
    assert not adapter_of(adapter.fleet).diff_from(intent).has_diffs()
