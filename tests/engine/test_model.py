"""Models: identity, attributes, children, status, text."""

from __future__ import annotations

import copy
import enum
import ipaddress
from typing import Annotated, Any, ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import AfterValidator

from driftline.engine import DiffSyncModel, DiffSyncStatus
from driftline.engine.exceptions import (
    ObjectAlreadyExists,
    ObjectNotFound,
    ObjectNotUpdated,
    ObjectStoreWrongType,
)

from .inventory import Device, Interface, Inventory, Site, small


class Family(enum.Enum):
    """A kind of address."""

    V4 = "ipv4"


class Address(DiffSyncModel):
    """A model with an identity of several parts."""

    _modelname = "address"
    _identifiers = ("vrf", "address")
    _shortname = ("address",)
    _attributes = ("family",)

    vrf: str
    address: str
    family: Any = None


class Named(DiffSyncModel):
    """A model whose names are compared without regard to case."""

    _modelname = "named"
    _identifiers = ("name",)
    _attributes = ("lag",)
    _normalise: ClassVar[Any] = {"name": str.casefold, "lag": str.casefold}

    name: str
    lag: str = ""


# Identity -------------------------------------------------------------------------------------------------


def test_unique_id() -> None:
    """Parts are joined as diffsync joins them."""
    assert Address(vrf="blue", address="10.0.0.1").get_unique_id() == "blue__10.0.0.1"


def test_single_identifier_keeps_its_spelling() -> None:
    """A name that is the whole identity is the unique id."""
    assert Device(name="a__b").get_unique_id() == "a__b"


PARTS = st.text("_a\\", max_size=4)


@given(PARTS, PARTS, PARTS, PARTS)
def test_unique_ids_never_collide(a: str, b: str, c: str, d: str) -> None:
    """Different identities have different unique ids, whatever underscores and backslashes are in them."""
    one = Address.create_unique_id(vrf=a, address=b)
    other = Address.create_unique_id(vrf=c, address=d)

    assert ((a, b) == (c, d)) is (one == other)


def test_backslash_collision() -> None:
    """A value that looks like an escaped one is not taken for it."""
    one = Address.create_unique_id(vrf="a__b", address="z")
    other = Address.create_unique_id(vrf=r"a\_\_b", address="z")

    assert one != other


def test_missing_identifier() -> None:
    """Half an identity is none."""
    with pytest.raises(KeyError, match="address"):
        Address.create_unique_id(vrf="blue")


@pytest.mark.parametrize(
    ("value", "expected"),
    [(Family.V4, "ipv4"), (ipaddress.ip_address("10.0.0.1"), "10.0.0.1"), (7, "7"), (None, "None")],
)
def test_identifiers_as_text(value: Any, expected: str) -> None:
    """An identifier has the text that it has after it was saved as JSON."""
    assert expected == Device.create_unique_id(name=value)


def test_normalised_identity() -> None:
    """Spellings that mean the same are one object."""
    assert Named(name="ET1").get_unique_id() == Named(name="et1").get_unique_id()


def test_shortname() -> None:
    """The short name is for people; without one it is the unique id."""
    assert Address(vrf="blue", address="10.0.0.1").get_shortname() == "10.0.0.1"
    assert Device(name="leaf1").get_shortname() == "leaf1"


# Class creation -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", ["_identifiers", "_attributes", "_shortname"])
def test_unknown_field(role: str) -> None:
    """A role must name a field."""
    with pytest.raises(AttributeError, match=role):
        type("Wrong", (DiffSyncModel,), {role: ("nope",)})


def test_two_roles() -> None:
    """A field has one role."""
    with pytest.raises(AttributeError, match="both _identifiers and _attributes"):
        type(
            "Wrong",
            (DiffSyncModel,),
            {"__annotations__": {"name": str}, "_identifiers": ("name",), "_attributes": ("name",)},
        )


# Attributes -----------------------------------------------------------------------------------------------


def test_managed() -> None:
    """By default all attributes are managed; otherwise those that were named, in the model's order."""
    et1 = Interface(name="Et1")

    assert et1.get_managed() == ("mtu", "tags")
    assert et1.manage({"tags", "unknown"}).get_managed() == ("tags",)


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, DiffSyncModel.model_copy])
def test_copies_keep_what_they_manage(copied: Any) -> None:
    """A copy has the same status and manages the same attributes."""
    et1 = Interface(name="Et1").manage({"mtu"})
    et1.set_status(DiffSyncStatus.ERROR, "boom")

    other = copied(et1)

    assert other.get_managed() == ("mtu",)
    assert other.get_status() == (DiffSyncStatus.ERROR, "boom")


def test_same() -> None:
    """Values are the same when they are equal or mean the same."""
    assert Named.same("lag", "Po1", "po1")
    assert not Named.same("lag", "Po1", "Po2")
    assert not Interface.same("mtu", 1500, None)


def test_update_is_validated() -> None:
    """A wrong value is refused, and nothing at all is changed."""
    et1 = Interface(name="Et1", mtu=1500)

    with pytest.raises(ObjectNotUpdated, match="mtu"):
        et1.update_base({"tags": ["a"], "mtu": "nine"})

    assert (et1.mtu, et1.tags) == (1500, [])


def test_update_of_what_is_no_attribute() -> None:
    """Only attributes can be updated."""
    with pytest.raises(ObjectNotUpdated, match="name can't be updated"):
        Interface(name="Et1").update_base({"name": "Et2"})


class Trunk(DiffSyncModel):
    """A model in which one field's value is right or wrong by another's."""

    _modelname = "trunk"
    _identifiers = ("name",)
    _attributes = ("mode", "vlans", "seen")

    name: str
    mode: str = "trunk"
    vlans: Annotated[list[int], AfterValidator(lambda vlans, info: _fit(vlans, info.data["mode"]))]
    seen: int = 0


def _fit(vlans: list[int], mode: str) -> list[int]:
    if vlans and mode == "access":
        raise ValueError("an access port has no list of VLANs")
    return vlans


def test_update_is_validated_as_a_whole() -> None:
    """An update is refused when it makes another field wrong."""
    port = Trunk(name="Et1", vlans=[10])

    with pytest.raises(ObjectNotUpdated, match="an access port has no list of VLANs"):
        port.update_base({"seen": 1, "mode": "access"})

    assert (port.mode, port.vlans, port.seen) == ("trunk", [10], 0)


def test_update_leaves_shared_sets_alone() -> None:
    """What one record was given says nothing about another one that was given the same before."""
    inventory = Inventory()
    et1, et2 = inventory.add_many(Interface, [{"name": "Et1"}, {"name": "Et2"}])

    et1.update_base({"mtu": 9000})

    assert (et1.model_fields_set - et2.model_fields_set, et2.mtu) == ({"mtu"}, None)


# Children -------------------------------------------------------------------------------------------------


def test_places_of_children() -> None:
    """A child is found wherever it stands by now: siblings went, the list was turned, it has another parent."""
    leaf1, leaf2 = Device(name="leaf1"), Device(name="leaf2")
    ports = [Interface(name=f"Et{number}") for number in range(50)]
    for port in ports:
        leaf1.add_child(port)
    for port in ports[:20:2]:
        leaf1.remove_child(port)
    assert [leaf1.place_of(port) for port in ports[1:20:2]] == list(range(10))
    assert (leaf1.place_of(ports[49]), leaf1.place_of(ports[0])) == (39, None)

    leaf1.interfaces.reverse()
    assert leaf1.place_of(ports[49]) == 0

    leaf2.add_child(ports[49])
    leaf1.remove_child(ports[49])
    assert (leaf2.place_of(ports[49]), leaf1.lists(ports[49]), leaf1.lists(ports[48])) == (0, False, True)


def test_children() -> None:
    """A child is listed by its unique id, once, and can be taken off."""
    leaf1, et1 = Device(name="leaf1"), Interface(name="Et1")

    leaf1.add_child(et1)
    with pytest.raises(ObjectAlreadyExists):
        leaf1.add_child(et1)
    assert leaf1.interfaces == ["Et1"]

    leaf1.remove_child(et1)
    with pytest.raises(ObjectNotFound):
        leaf1.remove_child(et1)
    assert leaf1.interfaces == []


def test_wrong_child() -> None:
    """A model has children of certain models only."""
    with pytest.raises(ObjectStoreWrongType, match="valid types are"):
        Site(name="ams").add_child(Interface(name="Et1"))


# Text -----------------------------------------------------------------------------------------------------


def test_str() -> None:
    """The text shows the object and all below it."""
    assert small("x").get(Site, "ams").str() == (
        "site: ams: {'region': None}\n"
        "  devices\n"
        "    device: leaf1: {'role': 'leaf'}\n"
        "      interfaces\n"
        "        interface: Et1: {'mtu': 1500, 'tags': []}\n"
        "        interface: Et2: {'mtu': 1500, 'tags': []}\n"
        "    device: leaf2: {'role': 'leaf'}\n"
        "      interfaces: []"
    )


def test_str_with_a_missing_child() -> None:
    """A child that the store does not have is shown as such."""
    inventory = Inventory()
    inventory.add(Site(name="ams", devices=["ghost"]))

    assert inventory.get(Site, "ams").str().splitlines()[-1] == "    ghost (ERROR: details unavailable)"


def test_dict_and_json() -> None:
    """Neither shows the adapter."""
    et1 = small("x").get(Interface, "Et1")

    assert et1.dict(exclude_defaults=True) == {"name": "Et1", "mtu": 1500}
    assert et1.json() == '{"name":"Et1","mtu":1500}'


def test_names() -> None:
    """An object is shown by its identity."""
    assert (str(Interface(name="Et1")), repr(Interface(name="Et1"))) == ("Et1", 'interface "Et1"')


class Port(DiffSyncModel):
    """A model with two identifiers."""

    _modelname = "port"
    _identifiers = ("device", "vid")

    device: str
    vid: int


def test_unique_id_follows_the_identifiers() -> None:
    """The unique id is remembered, and forgotten when an identifier is set or a copy is changed."""
    one = Port(device="a", vid=1)
    assert one.get_unique_id() == "a__1"
    other = one.model_copy(update={"vid": 2})
    one.vid = 3
    assert (one.get_unique_id(), other.get_unique_id()) == ("a__3", "a__2")


def test_a_class_whose_post_init_forgets_its_base() -> None:
    """A record is complete all the same: ported classes have a `model_post_init` of their own."""

    class Forgetful(DiffSyncModel):
        """Does not call its base."""

        _modelname: ClassVar[str] = "forgetful"
        _identifiers: ClassVar[tuple[str, ...]] = ("name",)

        name: str

        def model_post_init(self, _context: Any, /) -> None:
            """Do something else."""

    one = Forgetful(name="a")
    assert (one.get_unique_id(), one.get_status(), one.get_managed()) == (
        "a",
        (DiffSyncStatus.SUCCESS, ""),
        (),
    )
    assert Forgetful.model_construct(name="b").get_unique_id() == "b"


def test_a_record_of_something_that_is_no_adapter() -> None:
    """Ported hooks and their tests may be given anything as the adapter."""
    leaf = Device.create_base(object(), {"name": "leaf1"}, {"role": "leaf"})

    assert leaf is not None
    assert leaf.update_base({"role": "spine"}) is leaf
    leaf.add_child(Interface(name="Et1"))
    assert (leaf.role, leaf.interfaces) == ("spine", ["Et1"])
