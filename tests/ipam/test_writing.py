"""What is written is on the servers afterwards, exactly, and nothing else is."""

from __future__ import annotations

import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from driftline.adapters.ipam.answers import moment
from driftline.adapters.ipam.in_doubt import Patience
from driftline.engine.exceptions import PlanError
from tests.ipam.loading import loaded
from tests.ipam.writable import Records, Writable, failures, network

if TYPE_CHECKING:
    from collections.abc import Iterator

    from driftline.engine import Adapter
    from tests.ipam.servers import Server


MODELS = ("site", "vlan", "prefix", "device", "interface", "ip_address")


@pytest.fixture(scope="module")
def there(server: Server) -> Iterator[Writable]:
    """A server with the network of these tests, which has been written by us; each test leaves it in step."""
    server.reset()
    with Writable(server) as made:
        result = made.become(network())
        assert failures(result) == {}
        yield made


def different(fresh: Adapter, there: Adapter) -> list[str]:
    """Return what is not the same; terms apart, which a server has some of by itself."""
    return [
        str(each) for each in fresh.diff_from(there).in_order() if each.has_diffs() and each.type != "term"
    ]


def port(there: Adapter, name: str, device: str = "leaf1") -> Any:
    return there.get("interface", {"device": device, "name": name})


def address(there: Adapter, text: str, holder: str = "") -> Any:
    return there.get("ip_address", {"vrf": "", "address": text, "holder": holder})


def test_all_kinds_are_made_with_few_requests(there: Writable) -> None:
    """36 objects with a request for each level of each kind; what refers to what is right; a second plan is empty."""
    assert there.client.requests < 45
    shown = {(row["device"]["id"], row["name"]): row for row in there.rows("interface")}
    leaf = there.get("device", "leaf1").pk
    lag, member = shown[leaf, "Port-Channel1"], shown[leaf, "Ethernet2"]
    assert member["lag"]["id"] == lag["id"] == port(there, "Port-Channel1").pk
    assert (lag["mode"]["value"], lag["mtu"]) == ("tagged", 9000)
    of_site = {
        vid: there.get("vlan", {"site": "Amsterdam", "group": "", "vid": vid}).pk for vid in (10, 20, 21)
    }
    everywhere = there.get("vlan", {"site": "", "group": "", "vid": 99}).pk
    assert lag["untagged_vlan"]["id"] == of_site[10]
    assert {row["id"] for row in lag["tagged_vlans"]} == {of_site[20], of_site[21], everywhere}
    uplink = shown[leaf, "Ethernet1"]
    assert (uplink["description"], uplink["enabled"]) == ("to the spine", False)
    assert uplink["mac_address"] == "00:11:22:33:44:55"
    below = shown[leaf, "Ethernet1.10"]
    assert below["parent" if there.system.name == "netbox" else "parent_interface"]["id"] == uplink["id"]
    assert below["vrf"]["id"] == there.get("term", {"kind": "vrf", "name": "blue"}).pk
    device = next(row for row in there.rows("device") if row["name"] == "leaf1")
    assert device["primary_ip4"]["id"] == address(there, "192.0.2.1/32").pk
    assert device["primary_ip6"]["id"] == address(there, "2001:db8::1/64").pk
    assert len(device["tags"]) == 1
    assert there.get("device", "leaf1").tags == ("driftline",)
    assert not there.planned(network()).steps


def test_what_is_read_is_what_was_written(there: Writable, server: Server) -> None:
    """A fresh load has the same objects with the same ids, values, tags and times of the last change."""
    fresh = loaded(server)
    assert different(fresh, there) == []
    for model in MODELS:
        for row in there.get_all(model):
            other = fresh.get(model, row.get_unique_id())
            assert str(other.pk) == str(row.pk)
            assert other.tags == row.tags
            assert moment(other.changed or "") == moment(row.changed or "")


def test_a_mac_address_is_there_once(there: Writable) -> None:
    """NetBox keeps MAC addresses as objects: one for each interface that was given one."""
    if there.system.name == "netbox":
        assert there.client.count("dcim/mac-addresses/") == 2


def test_all_kinds_are_changed_by_what_differs_only(there: Writable) -> None:
    """A change of each kind is on the server, and what was not changed is as it was."""
    wanted = there.copy()
    wanted.get("site", "Berlin").status = "planned"
    wanted.get("vlan", {"site": "Berlin", "group": "", "vid": 10}).name = "offices"
    wanted.get("prefix", {"vrf": "", "prefix": "192.0.2.0/24"}).status = "reserved"
    wanted.get("device", "leaf2").serial = "S-new"
    lag, uplink = port(wanted, "Port-Channel1"), port(wanted, "Ethernet1")
    lag.mode, lag.untagged_vlan, lag.tagged_vlans = None, None, "none"
    uplink.mode, uplink.untagged_vlan, uplink.tagged_vlans = "tagged", 10, "21"
    uplink.description, uplink.mac, uplink.enabled = "", "00:11:22:33:44:66", True
    port(wanted, "Ethernet2").lag = None
    port(wanted, "Ethernet3").untagged_vlan = 20
    address(wanted, "2001:db8::1/64").status = "deprecated"
    address(wanted, "2001:db8::1/64").role = "loopback"
    asked = there.client.requests
    assert failures(there.become(wanted)) == {}
    assert there.client.requests - asked < 25
    assert not there.planned(wanted).steps
    shown = {row["id"]: row for row in there.rows("interface")}
    lag, uplink, third = (shown[port(there, name).pk] for name in ("Port-Channel1", "Ethernet1", "Ethernet3"))
    assert not lag["mode"]
    assert (lag["untagged_vlan"], lag["tagged_vlans"], lag["mtu"]) == (None, [], 9000)
    assert (uplink["mode"]["value"], uplink["description"], uplink["enabled"]) == ("tagged", "", True)
    assert uplink["mac_address"] == "00:11:22:33:44:66"
    vlans = {row["id"]: row["vid"] for row in there.rows("vlan")}
    assert [vlans[row["id"]] for row in uplink["tagged_vlans"]] == [21]
    assert vlans[third["untagged_vlan"]["id"]] == 20
    assert next(row for row in there.rows("vlan") if row["name"] == "offices")["vid"] == 10
    assert {row["serial"] for row in there.rows("device")} == {"S-leaf1", "S-new"}


def test_an_address_moves_with_its_being_primary(there: Writable) -> None:
    """To another interface, and then to another device: the row stays the same, and so does its being primary."""
    before = address(there, "192.0.2.1/32").pk
    for device, interface in (("leaf1", "Ethernet1"), ("leaf2", "Ethernet1"), ("leaf1", "Loopback0")):
        wanted = there.copy()
        moving = address(wanted, "192.0.2.1/32")
        moving.device, moving.interface = device, interface
        if device == "leaf2":
            address(wanted, "192.0.2.2/32").primary = False
        assert failures(there.become(wanted)) == {}
        primary = {row["name"]: (row["primary_ip4"] or {}).get("id") for row in there.rows("device")}
        assert primary[device] == before == address(there, "192.0.2.1/32").pk
        other = "leaf2" if device == "leaf1" else "leaf1"
        assert primary[other] != before
    assert failures(there.become(with_primary(there, "192.0.2.2/32"))) == {}


def test_a_device_gets_its_primary_address_back_when_the_address_is_refused(
    there: Writable, server: Server
) -> None:
    """It has to give it up first; nothing else is left of a move that fails."""
    wanted = there.copy()
    moving = address(wanted, "192.0.2.2/32")
    moving.device, moving.interface, moving.primary = "leaf1", "Ethernet1", False
    moving.status, moving.role = "active", "no such role"
    assert list(failures(there.become(wanted))) == ["192.0.2.2/32"]
    pk = address(there, "192.0.2.2/32").pk
    assert {row["name"]: row["primary_ip4"]["id"] for row in there.rows("device")}["leaf2"] == pk
    assert different(loaded(server), there) == []


def with_primary(there: Writable, text: str) -> Records:
    wanted = there.copy()
    address(wanted, text).primary = True
    return wanted


def test_a_device_moves_with_the_vlans_of_its_ports(there: Writable) -> None:
    """Its ports get the VLANs of the new site; a site without them is refused before anything is written."""
    wanted = there.copy()
    wanted.get("device", "leaf2").site = "Berlin"
    assert failures(there.become(wanted)) == {}
    of_berlin = {
        vid: there.get("vlan", {"site": "Berlin", "group": "", "vid": vid}).pk for vid in (10, 20, 21)
    }
    shown = {row["id"]: row for row in there.rows("interface")}
    lag = shown[port(there, "Port-Channel1", "leaf2").pk]
    assert lag["untagged_vlan"]["id"] == of_berlin[10]
    assert {of_berlin[20], of_berlin[21]} < {row["id"] for row in lag["tagged_vlans"]}
    assert shown[port(there, "Ethernet3", "leaf2").pk]["untagged_vlan"]["id"] == of_berlin[10]

    wanted = there.copy()
    wanted.put("site", name="Cologne")
    wanted.get("device", "leaf2").site = "Cologne"
    with pytest.raises(PlanError, match="Port-Channel1 has the VLAN 10, which the site Cologne lacks"):
        there.planned(wanted)


def many_ports(there: Writable, number: int, bad: int | None = None) -> Records:
    wanted = there.copy()
    for place in range(number):
        mtu = 70000 if place == bad else 1500
        wanted.put("interface", device="leaf1", name=f"Ethernet9/{place}", type="1000base-t", mtu=mtu)
    return wanted


def test_one_bad_row_of_a_hundred_is_one_failure(there: Writable) -> None:
    """The other 99 are written; then they are changed, one of them badly; then they are deleted."""
    result = there.become(many_ports(there, 100, bad=42))
    assert list(failures(result)) == ["Ethernet9/42"]
    assert "mtu" in failures(result)["Ethernet9/42"].casefold()
    shown = [row["name"] for row in there.rows("interface") if row["name"].startswith("Ethernet9/")]
    assert len(shown) == len(set(shown)) == 99

    wanted = there.copy()
    for place in range(99):
        if place != 42:
            port(wanted, f"Ethernet9/{place}").mtu = 70000 if place == 7 else 9000
    assert list(failures(there.become(wanted))) == ["Ethernet9/7"]
    mtus = {row["name"]: row["mtu"] for row in there.rows("interface")}
    assert (mtus["Ethernet9/7"], mtus["Ethernet9/8"], mtus["Ethernet9/99"]) == (1500, 9000, 1500)

    asked = there.client.requests
    assert failures(there.become(without_ports(there))) == {}
    assert there.client.requests - asked < 8
    assert not [row for row in there.rows("interface") if row["name"].startswith("Ethernet9/")]


def without_ports(there: Writable) -> Records:
    wanted = there.copy()
    for each in wanted.get_all("interface"):
        if each.name.startswith("Ethernet9/"):
            wanted.get("device", each.device).remove_child(each)
            wanted.remove(each)
    return wanted


def test_nothing_of_a_request_with_a_bad_row_is_written_if_so_set(there: Writable, server: Server) -> None:
    """With `refuse` each of the others says that it was not written because of that row."""
    with Writable(server, write={"on_bad_row": "refuse"}) as strict:
        result = strict.like(there).become(many_ports(there, 20, bad=4))
    assert len(failures(result)) == 20
    assert not [row for row in there.rows("interface") if row["name"].startswith("Ethernet9/")]


def test_what_somebody_else_has_changed_is_left_alone(there: Writable) -> None:
    """Of several that are changed only that one is refused; so it is when it is the only one, or deleted."""
    theirs, ours = port(there, "Ethernet3"), port(there, "Ethernet4")
    there.by_hand("interface", theirs, description="mine!")
    for names in (("Ethernet3", "Ethernet4"), ("Ethernet3",)):
        wanted = there.copy()
        for name in names:
            port(wanted, name).description = f"ours {len(names)}"
        result = there.become(wanted)
        assert list(failures(result)) == ["Ethernet3"]
        assert [unit.error.code for unit in result.units if unit.error] == ["IPAM-CHANGED"]
    shown = {row["id"]: row["description"] for row in there.rows("interface")}
    assert (shown[theirs.pk], shown[ours.pk]) == ("mine!", "ours 2")

    wanted = there.copy()
    wanted.get("device", "leaf1").remove_child(port(wanted, "Ethernet3"))
    wanted.remove(port(wanted, "Ethernet3"))
    assert "changed by somebody else" in failures(there.become(wanted))["Ethernet3"]
    assert theirs.pk in {row["id"] for row in there.rows("interface")}
    theirs.changed = None  # as if it had been loaded again
    theirs.description = "mine!"


def test_only_what_is_ours_is_deleted(there: Writable) -> None:
    """Neither what others have made, nor what theirs is on."""
    made = there.become(with_loopback(there))
    assert failures(made) == {}
    foreign = address(there, "192.0.2.77/32")
    there.by_hand("ip_address", foreign, tags=[])
    foreign.tags, foreign.changed = (), None
    wanted = there.copy()
    wanted.remove(address(wanted, "192.0.2.77/32"))
    wanted.get("device", "leaf1").remove_child(port(wanted, "Loopback7"))
    wanted.remove(port(wanted, "Loopback7"))
    told = failures(there.become(wanted))
    assert "is not driftline's to delete" in told["192.0.2.77/32"]
    assert "what it depends on failed" in told["Loopback7"]
    with pytest.raises(Exception, match="would go with it"):
        port(there, "Loopback7").delete()
    assert foreign.pk in {row["id"] for row in there.rows("ip_address")}
    foreign.tags = ("driftline",)
    assert failures(there.become(wanted)) == {}
    assert foreign.pk not in {row["id"] for row in there.rows("ip_address")}


def with_loopback(there: Writable) -> Records:
    wanted = there.copy()
    wanted.put("interface", device="leaf1", name="Loopback7", type="virtual")
    wanted.put("ip_address", address="192.0.2.77/32", device="leaf1", interface="Loopback7")
    return wanted


def test_an_address_of_several_devices(there: Writable) -> None:
    """NetBox has a row for each; Nautobot has one, on all of their interfaces, which goes with the last."""
    wanted = there.copy()
    for device in ("leaf1", "leaf2"):
        wanted.put(
            "ip_address",
            address="192.0.2.254/24",
            holder=device,
            device=device,
            interface="Ethernet1",
            role="anycast",
        )
    assert failures(there.become(wanted)) == {}
    nautobot = there.system.name == "nautobot"

    def held() -> int:
        if nautobot:
            pk = address(there, "192.0.2.254/24", "leaf2").pk
            return there.client.count("ipam/ip-address-to-interface/", {"ip_address": pk})
        return there.client.count("ipam/ip-addresses/", {"address": "192.0.2.254/24"})

    assert held() == 2
    wanted.remove(address(wanted, "192.0.2.254/24", "leaf1"))
    assert failures(there.become(wanted)) == {}
    assert held() == 1
    wanted.remove(address(wanted, "192.0.2.254/24", "leaf2"))
    assert failures(there.become(wanted)) == {}
    assert "192.0.2.254/24" not in {row["address"] for row in there.rows("ip_address")}


def test_an_address_that_others_use_too_is_only_taken_off_ours(there: Writable) -> None:
    """In Nautobot somebody can put it on more interfaces; it stays on theirs."""
    if there.system.name != "nautobot":
        pytest.skip("in NetBox an address is on one interface")
    wanted = there.copy()
    wanted.put("ip_address", address="192.0.2.88/32", device="leaf1", interface="Ethernet1")
    assert failures(there.become(wanted)) == {}
    pk, theirs = address(there, "192.0.2.88/32").pk, port(there, "Ethernet1", "leaf2").pk
    there.client.create("ipam/ip-address-to-interface/", [{"ip_address": pk, "interface": theirs}])
    wanted.remove(address(wanted, "192.0.2.88/32"))
    assert failures(there.become(wanted)) == {}
    ties = there.client.listed("ipam/ip-address-to-interface/", {"ip_address": pk})
    assert [tie["interface"]["id"] for tie in ties] == [theirs]
    there.client.delete("ipam/ip-addresses/", [pk])


def test_interfaces_that_come_with_the_type_are_changed_instead_of_made(there: Writable) -> None:
    """A device type with templates makes interfaces by itself: no create of ours meets them."""
    kind = there.get("term", {"kind": "device_type", "name": "Arista/DCS-7050"})
    template = {"device_type": kind.pk, "name": "Ethernet1", "type": "1000base-t"}
    there.client.create("dcim/interface-templates/", [template])
    wanted = there.copy()
    wanted.put("device", name="leaf3", site="Berlin", role="leaf", device_type="Arista/DCS-7050")
    wanted.put(
        "interface", device="leaf3", name="Ethernet1", type="1000base-t", description="from a template"
    )
    wanted.put("interface", device="leaf3", name="Ethernet2", type="1000base-t", description="ours alone")
    assert failures(there.become(wanted)) == {}
    of = [row for row in there.rows("interface") if row["device"]["id"] == there.get("device", "leaf3").pk]
    assert sorted(row["description"] for row in of) == ["from a template", "ours alone"]


@pytest.fixture(scope="module")
def somebody() -> Iterator[ThreadPoolExecutor]:
    """A thread that stays as long as what it has started: a server ends with the thread that it was started in."""
    with ThreadPoolExecutor(1) as pool:
        yield pool


def killed_and_started(server: Server, after: float) -> None:
    time.sleep(after)
    server.kill()
    server.start()


@pytest.mark.parametrize("action", ["create", "update", "delete"])
def test_a_server_killed_while_it_writes_leaves_no_duplicate(
    there: Writable, server: Server, somebody: ThreadPoolExecutor, action: str
) -> None:
    """It is waited for, what is there is taken as written, and the rest is sent again: all is there once."""
    texts = [f"192.0.2.{number}/32" for number in range(100, 160)]
    wanted = there.copy()
    for text in texts:
        if action == "create":
            wanted.put("ip_address", address=text)
        elif action == "update":
            address(wanted, text).status = "reserved"
        else:
            wanted.remove(address(wanted, text))
    killing = somebody.submit(killed_and_started, server, 0.7)
    result = there.become(wanted)
    killing.result()
    assert failures(result) == {}
    assert len(result.units) == 60
    shown = Counter(row["address"] for row in there.rows("ip_address"))
    assert [shown[text] for text in texts] == [0 if action == "delete" else 1] * 60
    assert not there.planned(wanted).steps


def test_a_server_that_does_not_come_back_leaves_rows_in_doubt(
    there: Writable, server: Server, somebody: ThreadPoolExecutor
) -> None:
    """They have the status ERROR and a code that says so; what was not sent at all was not tried."""
    with Writable(server, retries=0, connections=1) as impatient:
        impatient.like(there).patience = Patience(returns=1)
        stopping = threading.Timer(0.5, server.kill)
        stopping.start()
        try:
            result = impatient.become(many_ports(there, 120))
        finally:
            stopping.join()
            somebody.submit(server.start).result()
        assert not impatient.has("interface", "leaf1__ethernet9/1")
    told = failures(result)
    assert len(told) == 120
    codes = Counter(unit.error.code for unit in result.units if unit.error)
    assert codes == {"IPAM-IN-DOUBT": 100, "IPAM-UNREACHABLE": 20}
    assert told["Ethernet9/1"].startswith("error: state unknown")
    assert "not tried" in told["Ethernet9/119"]
    left = [row for row in there.rows("interface") if row["name"].startswith("Ethernet9/")]
    assert len(left) in (0, 100)
    there.client.delete("dcim/interfaces/", [row["id"] for row in left])


def test_all_of_it_is_deleted_in_an_order_that_works(there: Writable) -> None:
    """Addresses, members, ports, devices, prefixes, VLANs, sites; terms stay."""
    wanted = there.copy()
    for model in reversed(MODELS):
        for each in wanted.get_all(model):
            wanted.remove(each)
    asked = there.client.requests
    assert failures(there.become(wanted)) == {}
    assert there.client.requests - asked < 30
    for model in reversed(MODELS):
        assert there.rows(model) == []
    assert len(there.rows("term.role")) >= 1
