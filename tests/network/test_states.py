"""The states of network resource modules: what each leaves alone, changes and deletes, and that once is enough."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import structlog
from hypothesis import HealthCheck, given, reject, settings
from hypothesis import strategies as st

from driftline.adapters.intent.inline import described, intended_of
from driftline.devices.offline import _Unread, parsed
from driftline.devices.platforms import platform_named
from driftline.devices.remediation import wanted_after
from driftline.engine.exceptions import PlanError
from driftline.engine.plan import make_plan
from driftline.network import Interface, InterfaceKind, IPAddress, Vlan, change_order, interface_kind
from driftline.network.states import State, attributes_of, into
from tests.devices.boxes import BOXES
from tests.devices.leaf import LEAF, changes_between, state_of, with_lines
from tests.devices.test_circular import leaves
from tests.devices.test_platform_circular import boxes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from driftline.devices import DeviceAdapter
    from driftline.engine import Adapter, Step

pytestmark = pytest.mark.usefixtures("_quiet")
MANY = settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
LISTING = [State.MERGED, State.REPLACED, State.DELETED]
Data = dict[str, Any]


@pytest.fixture
def _quiet() -> Iterator[None]:
    """Keep the log of thousands of comparisons out of the report of a failed one."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger("critical"))
    yield
    structlog.reset_defaults()


def leaf(*changes: tuple[str, ...]) -> DeviceAdapter:
    """The leaf of the device tests, with lines added below headers."""
    return parsed(with_lines(*changes), "leaf1", "eos", "lab")


def steps(state: State, config: Data, actual: DeviceAdapter, seen: Adapter | None = None) -> list[Step]:
    """What is to be done for a configuration in a state, by what was read or by what is seen afterwards."""
    intended = intended_of(config, "leaf1", site="lab", platform="eos")
    seen = seen or actual
    into(state, intended, seen)
    actual.fit(intended)
    assert actual.failures == {}
    return list(make_plan(seen.diff_from(intended), intended, seen, order=change_order).steps)


def done(state: State, config: Data, actual: DeviceAdapter) -> tuple[list[Step], Adapter]:
    """What is done for a configuration in a state, and the device afterwards."""
    made = steps(state, config, actual)
    return made, actual.after({"leaf1": made})


def told(made: list[Step]) -> list[tuple[str, str, Any]]:
    """Steps as a person tells them."""
    return [(step.action, step.name, step.after) for step in made]


# From the user's seat -------------------------------------------------------------------------------------


def test_as_intended_it_means_what_it_says() -> None:
    """Nothing is done to an intent that says how far it goes."""
    config = {"manage": {"vlans": "exclusive"}, "vlans": {"10": {"name": "users"}, "20": {}, "21": {}}}
    assert told(steps(State.INTENDED, config, leaf())) == [("delete", "22", None)]


def test_merged_adds_and_keeps() -> None:
    """VLANs of a trunk are added to those that it has, null is nothing, and nothing owned is deleted."""
    config = {
        "manage": {"interfaces": "exclusive", "vlans": "exclusive"},
        "vlans": {"30": {"name": None}},
        "interfaces": {
            "Port-Channel1": {"trunk_vlans": "11,20-25", "description": None},
            "Vlan20": {"addresses": {"10.20.1.1/24": {"secondary": True}}, "manage_addresses": "exclusive"},
        },
    }
    assert told(steps(State.MERGED, config, leaf())) == [
        ("create", "30", {}),
        ("update", "Port-Channel1", {"trunk_vlans": "10-11,20-25"}),
        ("create", "10.20.1.1/24", {"interface": "Vlan20", "secondary": True}),
    ]


@pytest.mark.parametrize(
    ("lines", "given", "merged"),
    [
        (("switchport mode trunk",), "10", "all"),
        (("switchport trunk allowed vlan 5", "switchport mode trunk"), "none", "5"),
        (("switchport trunk allowed vlan none", "switchport mode trunk"), "10", "10"),
        (("switchport trunk allowed vlan 5", "switchport mode trunk"), "all", "all"),
        ((), "10", "10"),
        (("switchport trunk allowed vlan 5",), "10", "5,10"),
    ],
    ids=["all stays", "none is nothing", "of none", "all", "no trunk yet", "no trunk, but a list"],
)
def test_merged_vlans_of_a_trunk(lines: tuple[str, ...], given: str, merged: str) -> None:
    """The union; a port that is no trunk has all VLANs by default, which is not what somebody wants to keep."""
    config = {"interfaces": {"Ethernet6": {"mode": "trunk", "trunk_vlans": given}}}
    _, after = done(State.MERGED, config, leaf(("interface Ethernet6", *lines)))
    assert after.get(Interface, "leaf1__ethernet6").trunk_vlans == merged
    assert steps(State.MERGED, config, leaf(("interface Ethernet6", *lines)), after) == []


def test_merged_addresses_go_where_their_interface_is() -> None:
    """What is not given of the VRF stays, so an address that is there already is no other one."""
    config = {"interfaces": {"Ethernet5.100": {"addresses": ["10.5.0.1/24", "2001:db8:5::1/64"]}}}
    (step,) = steps(State.MERGED, config, leaf())
    assert step.identity == {"device": "leaf1", "vrf": "BLUE", "address": "2001:db8:5::1/64"}


@pytest.mark.parametrize(
    "keys", [{"addresses": ["10.20.9.9/24"]}, {"vrf": "RED"}], ids=["another primary address", "another VRF"]
)
def test_merged_refuses_what_would_delete(keys: Data) -> None:
    """The device would drop an address by itself; the interface and the address are named."""
    with pytest.raises(PlanError) as caught:
        steps(State.MERGED, {"interfaces": {"Vlan20": keys}}, leaf())
    assert caught.value.code == "STATE-NOT-MERGED"
    assert "leaf1 Vlan20: it would lose 10.20.0.1/24" in str(caught.value)


def test_replaced_is_as_given() -> None:
    """What is not given is as by default, and no address stays; what is not listed stays as it is."""
    config = {"vlans": {"10": {}}, "interfaces": {"Ethernet1": {"mode": "routed", "mtu": 9000}, "Vlan20": {}}}
    assert told(steps(State.REPLACED, config, leaf())) == [
        ("update", "10", {"name": None}),
        ("update", "Ethernet1", {"description": None}),
        ("delete", "10.0.0.1/31", None),
        ("delete", "10.20.0.1/24", None),
    ]


def test_replaced_members_are_switched_as_their_port_channel() -> None:
    """VLANs below a member mean nothing, and devices may show them; so nothing is said about them."""
    actual = leaf(("interface Ethernet4", "switchport access vlan 10", "mtu 9000"))
    config = {"interfaces": {"Ethernet4": {"lag": "Port-Channel1"}}}
    assert steps(State.REPLACED, config, actual) == []
    passive = {"interfaces": {"Ethernet4": {"lag": "Port-Channel1", "lag_mode": "passive"}}}
    _, after = done(State.REPLACED, passive, actual)
    assert told(steps(State.REPLACED, config, actual, after)) == [
        ("update", "Ethernet4", {"lag_mode": "active"})
    ]


def test_overridden_is_all_there_is() -> None:
    """Unlisted ports are reset, other unlisted interfaces deleted; a collection that is not given is left alone."""
    config = {"interfaces": {"Ethernet1": {}, "Vlan10": {}, "Port-Channel1": {}}}
    made = steps(State.OVERRIDDEN, config, leaf())
    gone = sorted(step.name for step in made if step.action == "delete" and step.model == "interface")
    assert gone == [
        "Ethernet2", "Ethernet3", "Ethernet4", "Ethernet5", "Ethernet5.100", "Loopback0", "Vlan20",
    ]  # fmt: skip
    assert {step.model for step in made} == {"interface", "ip_address"}


def test_overridden_needs_the_port_channels_of_its_members() -> None:
    """It would be deleted, and come back with its members."""
    with pytest.raises(PlanError) as caught:
        steps(State.OVERRIDDEN, {"interfaces": {"Ethernet4": {"lag": "Port-Channel1"}}}, leaf())
    assert caught.value.code == "STATE-LAG-NOT-LISTED"


def test_deleted_is_gone() -> None:
    """What is listed, whatever is said of it; ports are reset, and what is not there is gone already."""
    config = {
        "vlans": {"10": {"name": "other"}, "99": {}},
        "interfaces": {"vlan10": {"mtu": 9000}, "Ethernet2": {}, "Ethernet6": {}, "Ethernet99": {}},
    }
    made, after = done(State.DELETED, config, leaf())
    assert sorted((step.action, step.name) for step in made) == [
        ("delete", "10"), ("delete", "10.10.0.1/24"), ("delete", "10.10.1.1/24"), ("delete", "10.10.2.1/24"),
        ("delete", "Ethernet2"), ("delete", "Vlan10"),
    ]  # fmt: skip
    assert steps(State.DELETED, config, leaf(), after) == []


def test_deleted_without_a_list_is_all_of_it() -> None:
    """But for what is never deleted: VLAN 1, the management port."""
    _, after = done(State.DELETED, {"vlans": {}, "interfaces": {}}, leaf())
    assert [vlan.vid for vlan in after.get_all(Vlan)] == [1]
    assert [one.name for one in after.get_all(Interface) if not one.pristine] == ["Management1"]
    assert [one.interface for one in after.get_all(IPAddress)] == ["Management1"]


def test_what_is_not_given_is_not_deleted() -> None:
    """A collection that is absent is not an empty one."""
    assert steps(State.DELETED, {}, leaf()) == []
    assert steps(State.OVERRIDDEN, {}, leaf()) == []


@pytest.mark.parametrize("kind", ["interfaces", "vlans"])
def test_what_can_not_be_deleted_is_refused(kind: str) -> None:
    """Who lists the management port, or the VLAN of an MLAG pair, is told so."""
    listed = {"interfaces": {"Management1": {}}, "vlans": {"10": {}}}[kind]
    actual = leaf(("vlan 10", "trunk group MLAG"))
    with pytest.raises(PlanError) as caught:
        steps(State.DELETED, {kind: listed}, actual)
    assert caught.value.code == "STATE-NOT-DELETED"


def test_the_device_that_is_not_read_is_left_alone() -> None:
    """What is intended for it can be turned all the same; nothing is known of what it has."""
    for state in State:
        intended = intended_of({"interfaces": {"Vlan10": {}}}, "leaf9", site="lab", platform="eos")
        into(state, intended, leaf())
        assert intended.get("device", "leaf9").name == "leaf9"


# Laws -----------------------------------------------------------------------------------------------------


@st.composite
def cases(draw: st.DrawFn) -> tuple[DeviceAdapter, Data]:
    """A device of any platform in any state, and a part of what another one like it is."""
    name = draw(st.sampled_from(["eos", *BOXES]))
    other = draw(devices(name))
    return draw(devices(name)), draw(parts_of(described(other, "leaf1")))


@st.composite
def devices(draw: st.DrawFn, name: str) -> DeviceAdapter:
    """A device of a platform, as it would be read."""
    now = BOXES[name].state() if name in BOXES else state_of(LEAF)
    objects = draw(boxes(BOXES[name]) if name in BOXES else leaves())
    wanted = wanted_after(platform_named(name, "leaf1"), now, changes_between(now, objects))
    for one in wanted.of("interface"):
        one.pristine = False
    return _Unread(wanted, name, "lab")


@st.composite
def parts_of(draw: st.DrawFn, whole: Data) -> Data:
    """A device's data without some of its interfaces and VLANs, and of the others without some keys."""
    config: Data = {"site": "lab", "platform": whole["platform"]}
    for kind in ("interfaces", "vlans"):
        if draw(st.integers(0, 3)):
            entries = whole.get(kind, {})
            names = draw(st.sets(st.sampled_from(sorted(entries)))) if entries else set()
            names = {one for one in names if interface_kind(one) is not InterfaceKind.MANAGEMENT}
            config[kind] = {one: draw(without_some_keys(entries[one])) for one in sorted(names)}
    return config


@st.composite
def without_some_keys(draw: st.DrawFn, entry: Data) -> Data:
    """An entry that says less."""
    kept = draw(st.sets(st.sampled_from(sorted(entry)))) if entry else set()
    return {
        key: value for key, value in entry.items() if key in kept and (key != "lag_mode" or "lag" in kept)
    }


def outcome(state: State, case: tuple[DeviceAdapter, Data]) -> tuple[list[Step], Adapter]:
    """What is done, and the device afterwards; cases that are refused are no matter here."""
    actual, config = case
    try:
        return done(state, config, actual)
    except PlanError as error:
        if error.code in ("STATE-NOT-MERGED", "STATE-LAG-NOT-LISTED", "STATE-NOT-DELETED"):
            reject()
        raise


def listed_in(config: Data) -> set[tuple[str, str]]:
    """The keys of what is listed."""
    ports = {
        ("interface", Interface.create_unique_id(device="leaf1", name=n))
        for n in config.get("interfaces", ())
    }
    return ports | {("vlan", f"leaf1__{vid}") for vid in config.get("vlans", ())}


def values(dataset: Adapter) -> dict[tuple[str, str], Any]:
    """The values of all interfaces and VLANs, with the addresses of the former."""
    found = {
        (obj.get_type(), obj.get_unique_id()): (obj.get_attrs(), sorted(getattr(obj, "addresses", ())))
        for model in (Interface, Vlan)
        for obj in dataset.get_all(model)
    }
    return dict(sorted(found.items()))


@pytest.mark.parametrize("state", list(State))
@MANY
@given(cases())
def test_once_is_enough(state: State, case: tuple[DeviceAdapter, Data]) -> None:
    """After it was done, there is nothing left to do in the same state."""
    _, after = outcome(state, case)
    assert steps(state, case[1], case[0], after) == []


@MANY
@given(cases())
def test_merged_deletes_nothing(case: tuple[DeviceAdapter, Data]) -> None:
    """Whatever is given."""
    made, _ = outcome(State.MERGED, case)
    assert "delete" not in {step.action for step in made}


@pytest.mark.parametrize("state", LISTING)
@MANY
@given(cases())
def test_what_is_not_listed_is_not_touched(state: State, case: tuple[DeviceAdapter, Data]) -> None:
    """But for an address that is given to another interface: it moves."""
    actual, config = case
    _, after = outcome(state, case)
    listed = listed_in(config)
    given = {a for one in config.get("interfaces", {}).values() for a in one.get("addresses", ())}
    before, now = values(actual), values(after)
    whole = {"vlan": config.get("vlans") == {}, "interface": config.get("interfaces") == {}}
    for key in (before.keys() | now.keys()) - listed:
        if state is State.DELETED and whole[key[0]]:
            continue
        assert before[key][0] == now[key][0]
        moved = set(before[key][1]) - set(now[key][1])
        assert now[key][1] == sorted(set(before[key][1]) - moved)
        assert {uid.rpartition("__")[2] for uid in moved} <= given


@MANY
@given(cases())
def test_overridden_leaves_what_is_given(case: tuple[DeviceAdapter, Data]) -> None:
    """Of each collection that is given: what is listed as it is given, else by default, and what is exempt."""
    actual, config = case
    _, after = outcome(State.OVERRIDDEN, case)
    platform, state = actual.platform_of("leaf1"), actual._states["leaf1"]
    if "vlans" in config:
        found = {str(vlan.vid): vlan.name for vlan in after.get_all(Vlan) if not vlan.exempt}
        assert found == {vid: entry.get("name") for vid, entry in config["vlans"].items()}
    if "interfaces" not in config:
        return
    for one in after.get_all(Interface):
        defaults = platform.defaults_on(state, one.kind)
        if ("interface", one.get_unique_id()) not in listed_in(config):
            is_reset = one.kind is InterfaceKind.PHYSICAL and one.get_attrs() == defaults
            assert one.protected or one.kind is InterfaceKind.MANAGEMENT or is_reset
            continue
        keys = config["interfaces"][one.name]
        addresses = after.get_by_uids(one.addresses, IPAddress)
        assert sorted(address.address for address in addresses) == sorted(keys.get("addresses", ()))
        for name in attributes_of(one.kind, member=keys.get("lag") is not None):
            given = keys.get(name)
            if name != "lag_mode":
                assert getattr(one, name) == (defaults[name] if given is None else given)


@MANY
@given(cases())
def test_deleted_leaves_nothing_of_what_is_listed(case: tuple[DeviceAdapter, Data]) -> None:
    """Logical interfaces and VLANs are gone, ports are as they came."""
    _, after = outcome(State.DELETED, case)
    for model, uid in listed_in(case[1]):
        found = after.get_or_none(model, uid)
        assert found is None or found.pristine
