"""The order in which an IPAM is changed: nothing before what it needs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from driftline.adapters.ipam import models
from driftline.adapters.ipam.order import linked, order
from driftline.engine import Adapter
from driftline.engine.exceptions import PlanError
from driftline.engine.executor import execute
from driftline.engine.plan import make_plan
from driftline.network.names import expand_vlans, vlan_ranges

if TYPE_CHECKING:
    from driftline.engine import Plan

SITES = ("ams", "ber")
DEVICES = ("one", "two")
PORTS = ("Ethernet1", "Ethernet2", "Port-Channel1", "Ethernet1.10")


class Ipam(Adapter):
    """An IPAM that refuses whatever the real ones refuse: what is not there can't be referred to, nor the other way."""

    term = models.Term
    site = models.Site
    vlan = models.Vlan
    prefix = models.Prefix
    device = models.Device
    interface = models.Interface
    ip_address = models.IPAddress
    top_level = ("term", "site", "vlan", "prefix", "device", "ip_address")

    def put(self, model: str, **values: Any) -> None:
        """Add a record; an interface below its device."""
        parent = self.get("device", {"name": values["device"]}) if model == "interface" else None
        self.add_many(self.model_class(model), [values], parent)

    def dangling(self) -> list[str]:
        """Return what refers to something that is not there."""
        return [text for row in self.rows() for text in self._dangling_of(row)]

    def rows(self) -> list[Any]:
        """Return all records."""
        return [row for model in self._models for row in self.get_all(model)]

    def _dangling_of(self, row: Any) -> list[str]:
        wanted: list[tuple[str, dict[str, Any]]] = []
        values = row.__dict__
        if values.get("site"):
            wanted.append(("site", {"name": row.site}))
        if values.get("device"):
            wanted.append(("device", {"name": row.device}))
        if row.get_type() == "device":
            kinds = ("role", "device_type")
            wanted += [("term", {"kind": kind, "name": values[kind]}) for kind in kinds]
        for name in ("lag", "parent"):
            if values.get(name):
                wanted.append(("interface", {"device": row.device, "name": values[name]}))
        if row.get_type() == "ip_address" and row.interface:
            wanted.append(("interface", {"device": row.device, "name": row.interface}))
        lacking = [
            f"{row!r} needs {model} {ids}" for model, ids in wanted if not self.get_or_none(model, ids)
        ]
        if row.get_type() == "interface":
            lacking += [
                f"{row!r} needs VLAN {vid}" for vid in _vids(row) if not self._has_vlan(row.device, vid)
            ]
        return lacking

    def _has_vlan(self, device: str, vid: int) -> bool:
        site = getattr(self.get_or_none("device", {"name": device}), "site", "")
        places = ({"site": place, "group": "", "vid": vid} for place in (site, ""))
        return any(self.get_or_none("vlan", ids) for ids in places)


def _vids(port: Any) -> set[int]:
    return {*expand_vlans(port.tagged_vlans), *filter(None, [port.untagged_vlan])}


@st.composite
def ipams(draw: st.DrawFn) -> Ipam:
    """Draw an IPAM in which everything refers to something that is there."""
    made = Ipam("some")
    for kind, name in (("role", "leaf"), ("manufacturer", "Acme"), ("device_type", "Acme/X")):
        made.put("term", kind=kind, name=name)
    sites = draw(st.lists(st.sampled_from(SITES), min_size=1, unique=True))
    vlans = {site: draw(st.sets(st.integers(10, 13))) for site in sites}
    for site in sites:
        made.put("site", name=site)
        for vid in vlans[site]:
            made.put("vlan", site=site, vid=vid, name=f"v{vid}")
    for prefix in draw(st.sets(st.sampled_from(["192.0.2.0/24", "192.0.2.0/25", "192.0.2.0/23"]))):
        made.put("prefix", prefix=prefix)
    for device in draw(st.sets(st.sampled_from(DEVICES))):
        site = draw(st.sampled_from(sites))
        made.put("device", name=device, site=site, role="leaf", device_type="Acme/X")
        _draw_ports(draw, made, device, vlans[site])
    _draw_addresses(draw, made)
    assert made.dangling() == []
    return made


def _draw_ports(draw: st.DrawFn, made: Ipam, device: str, vlans: set[int]) -> None:
    names = draw(st.sets(st.sampled_from(PORTS)))
    for name in sorted(names):
        values: dict[str, Any] = {"description": draw(st.sampled_from(["", "a"]))}
        if name == "Ethernet2" and "Port-Channel1" in names and draw(st.sampled_from([True, False])):
            values["lag"] = "Port-Channel1"
        if name == "Ethernet1.10" and "Ethernet1" in names:
            values["parent"] = "Ethernet1"
        if vlans and draw(st.sampled_from([True, False])):
            tagged = draw(st.sets(st.sampled_from(sorted(vlans))))
            values |= {"mode": "tagged", "tagged_vlans": vlan_ranges(sorted(tagged) or "none")}
            values["untagged_vlan"] = draw(st.sampled_from([None, *sorted(vlans)]))
        made.put("interface", device=device, name=name, **values)


def _draw_addresses(draw: st.DrawFn, made: Ipam) -> None:
    ports = [(port.device, port.name) for port in made.get_all("interface")]
    for host in draw(st.sets(st.integers(1, 3))):
        device, interface = draw(st.sampled_from([(None, None), *ports]))
        length = draw(st.sampled_from([24, 25]))
        made.put("ip_address", address=f"192.0.2.{host}/{length}", device=device, interface=interface)


def planned(there: Ipam, wanted: Ipam) -> Plan:
    return linked(make_plan(there.diff_from(wanted), wanted, there, order=order), there)


@given(there=ipams(), wanted=ipams())
@settings(deadline=None, max_examples=200)
def test_nothing_is_done_before_what_it_needs(there: Ipam, wanted: Ipam) -> None:
    """After every step all references hold, no two addresses have one host, and in the end all is as wanted.

    A device that is on its way to another site is the exception: its ports follow at once.
    """
    try:
        plan = planned(there, wanted)
    except PlanError:
        return
    moving = {
        step.identity["name"]
        for step in plan.steps
        if step.model == "device" and step.action == "update" and "site" in (step.after or {})
    }
    done: set[str] = set()
    for step in plan.steps:
        assert set(step.depends_on) <= done
        done.add(step.id)
        assert execute({step.unit: [step]}, there).succeeded, step
        hosts = [row.address.partition("/")[0] for row in there.get_all("ip_address")]
        assert len(hosts) == len(set(hosts))
        wrong = [text for text in there.dangling() if not any(f'"{name}__' in text for name in moving)]
        assert wrong == [], step
    assert there.dangling() == []
    assert not there.diff_from(wanted).has_diffs()


@given(there=ipams(), wanted=ipams())
@settings(deadline=None, max_examples=100)
def test_steps_of_one_level_do_not_need_each_other(there: Ipam, wanted: Ipam) -> None:
    """What `depends_on` does not say may happen in any order: so it does when levels are turned around."""
    try:
        steps = list(planned(there, wanted).steps)
    except PlanError:
        return
    done: set[str] = set()
    moving = any(step.model == "device" and "site" in (step.after or {}) for step in steps)
    while steps:
        level = [step for step in steps if set(step.depends_on) <= done]
        assert level
        for step in reversed(level):
            assert execute({step.unit: [step]}, there).succeeded
            assert moving or there.dangling() == [], step
            done.add(step.id)
        steps = [step for step in steps if step.id not in done]
    assert not there.diff_from(wanted).has_diffs()


def small() -> Ipam:
    made = Ipam("some")
    for kind, name in (("role", "leaf"), ("manufacturer", "Acme"), ("device_type", "Acme/X")):
        made.put("term", kind=kind, name=name)
    for site in SITES:
        made.put("site", name=site)
        made.put("vlan", site=site, vid=10, name="v10")
    made.put("vlan", site="ams", vid=11, name="v11")
    made.put("device", name="one", site="ams", role="leaf", device_type="Acme/X")
    made.put("interface", device="one", name="Ethernet1", mode="access", untagged_vlan=10)
    return made


def test_ports_of_a_device_that_moves_are_named_their_vlans_anew() -> None:
    """Though the numbers stay: they are other VLANs."""
    wanted = small()
    wanted.get("device", "one").site = "ber"
    first, second = planned(small(), wanted).steps
    assert (first.model, second.model, second.action) == ("device", "interface", "update")
    assert second.after == {"untagged_vlan": 10, "tagged_vlans": "none"}
    assert first.id in second.depends_on


def test_a_device_can_not_move_away_from_its_vlans() -> None:
    """The plan is refused, and names the port and the VLAN; with another VLAN on the port it can."""
    there, wanted = small(), small()
    there.get("interface", {"device": "one", "name": "Ethernet1"}).untagged_vlan = 11
    moved = wanted.get("interface", {"device": "one", "name": "Ethernet1"})
    moved.untagged_vlan = 11
    wanted.get("device", "one").site = "ber"
    with pytest.raises(PlanError, match="port Ethernet1 has the VLAN 11, which the site ber lacks"):
        planned(there, wanted)
    moved.untagged_vlan = 10
    assert len(planned(there, wanted).steps) == 2


def test_an_address_with_another_length_waits_until_the_old_one_is_gone() -> None:
    """Both systems refuse two rows with one host."""
    there, wanted = small(), small()
    there.put("ip_address", address="192.0.2.1/24")
    wanted.put("ip_address", address="192.0.2.1/25")
    assert [step.action for step in planned(there, wanted).steps] == ["delete", "create"]


def test_a_plan_without_links_is_the_same() -> None:
    """An empty one stays empty."""
    assert planned(small(), small()).steps == ()
