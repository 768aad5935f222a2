"""What is done to many records at once is what is done to each."""

# ruff: noqa: RUF012 - pydantic copies the defaults of fields

from __future__ import annotations

import enum
from typing import Any

import pytest

from driftline.engine import Adapter, DiffSyncModel
from driftline.engine.many import share_fields_sets, unique_ids_of


class Colour(enum.StrEnum):
    """An identifier that is a text and something else."""

    RED = "red"


class Port(DiffSyncModel):
    """Two identifiers of any type."""

    _modelname = "port"
    _identifiers = ("device", "name")
    _attributes = ("mtu",)
    device: Any
    name: Any
    mtu: int = 1500


class Vlan(DiffSyncModel):
    """One identifier of any type."""

    _modelname = "vlan"
    _identifiers = ("name",)
    name: Any


class Named(Vlan):
    """A model that makes more of what its base makes."""

    def get_unique_id(self) -> str:
        """Return the base's unique id with something in front."""
        return f"vlan {super().get_unique_id()}"


class Site(DiffSyncModel):
    """A parent."""

    _modelname = "site"
    _identifiers = ("name",)
    _children = {"vlan": "vlans"}
    name: str
    vlans: list[str] = []


class Net(Adapter):
    """Sites with VLANs."""

    site, vlan = Site, Named
    top_level = ["site"]


ODD = ["a", "a_", "_a", "a__b", "a\\_b", "", 7, None, Colour.RED, 1.5]


@pytest.mark.parametrize("odd", ODD)
def test_unique_ids_are_those_that_each_record_makes(odd: Any) -> None:
    """Whatever one identifier is, the ids of all are what they would be one by one."""
    for made in (
        [Port(device="leaf1", name=name) for name in ("et1", odd)],
        [Vlan(name=n) for n in ("x", odd)],
    ):
        expected = [obj.model_copy().get_unique_id() for obj in made]
        assert unique_ids_of(made) == expected
        assert [obj.get_unique_id() for obj in made] == unique_ids_of(made) == expected


def test_records_that_have_a_unique_id_keep_it() -> None:
    """Some were asked for theirs before, some were not, and not all are of one model."""
    ports: list[DiffSyncModel] = [Port(device="leaf1", name=f"et{number}") for number in range(3)]
    ports[1].get_unique_id()
    assert unique_ids_of([*ports, Vlan(name="x")]) == ["leaf1__et0", "leaf1__et1", "leaf1__et2", "x"]


def test_a_model_with_its_own_unique_ids_is_asked() -> None:
    """A parent lists the children under the ids that the store has, however they were loaded."""
    net = Net()
    (site,) = net.add_many(Site, [{"name": "ams"}])
    net.add_many(Named, [{"name": "x"}, {"name": "y"}], parent=site)
    assert site.vlans == ["vlan x", "vlan y"]
    assert [obj.name for obj in net.get_by_uids(site.vlans, Named)] == ["x", "y"]


def test_a_shared_set_of_fields_is_the_right_one() -> None:
    """Records that were given other fields than the ones before still know which."""
    for rows in ([{"mtu": 1}, {"mtu": 2}], [{"mtu": 3}, {}], [{}, {}]):
        ports = [Port(device="leaf1", name="et1", **row) for row in rows]
        share_fields_sets(ports)
        assert [obj.model_fields_set for obj in ports] == [{"device", "name", *row} for row in rows]
    assert ports[0].model_fields_set is ports[1].model_fields_set
    ports[0].mtu = 9000
    assert "mtu" not in ports[1].model_fields_set
