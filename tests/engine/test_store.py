"""The store in memory."""

from __future__ import annotations

from typing import Any

import pytest

from driftline.engine.exceptions import ObjectAlreadyExists, ObjectNotFound
from driftline.engine.store.local import LocalStore

from .inventory import Device, Interface, Inventory, Site, small


def test_get() -> None:
    """An object is found by class or name of its model, and by unique id or identity."""
    inventory = small("x")
    expected = inventory.get(Interface, "Et1")

    assert expected is inventory.get("interface", "Et1")
    assert expected is inventory.get("interface", {"name": "Et1"})
    assert expected is inventory.get(Interface, {"name": "Et1"})
    assert inventory.get_or_none(Interface, "Et7") is None


def test_get_what_is_not_there() -> None:
    """The error names the model, the object and the store; nothing is left behind by the question."""
    inventory = small("x")

    with pytest.raises(ObjectNotFound, match="tenant acme not present in x"):
        inventory.get("tenant", "acme")
    assert {"site", "device", "interface"} == inventory.get_all_model_names()


def test_get_with_a_wrong_identifier() -> None:
    """An identity needs a known model, and is text or a mapping."""
    inventory = small("x")

    with pytest.raises(ValueError, match="Invalid args"):
        inventory.get("tenant", {})
    with pytest.raises(TypeError):
        inventory.get("site", 1)  # type: ignore[arg-type]


def test_get_by_uids() -> None:
    """All that are missing are named at once."""
    inventory = small("x")

    assert [obj.name for obj in inventory.get_by_uids(["Et2", "Et1"], Interface)] == ["Et2", "Et1"]
    with pytest.raises(ObjectNotFound, match="interface Et7, Et8 not present"):
        inventory.get_by_uids(["Et7", "Et1", "Et8"], "interface")


def test_add_twice() -> None:
    """The same object may be added again, another one of its identity may not."""
    inventory = small("x")
    inventory.add(inventory.get(Site, "ams"))

    with pytest.raises(ObjectAlreadyExists):
        inventory.add(Site(name="ams"))


def test_update() -> None:
    """An updated object takes the place of the one with its identity."""
    inventory, other = small("x"), Site(name="ams", region="eu")
    inventory.update(other)

    assert other is inventory.get(Site, "ams")
    assert inventory is other.adapter


def test_remove_with_children() -> None:
    """All that is below goes too."""
    inventory = small("x")
    inventory.remove(inventory.get(Site, "ams"), remove_children=True)

    assert len(inventory) == 0


def test_remove_with_a_missing_child() -> None:
    """A child that is not there does not keep the others from being removed."""
    inventory = small("x")
    inventory.remove(inventory.get(Interface, "Et1"))
    inventory.remove(inventory.get(Device, "leaf1"), remove_children=True)

    assert inventory.count(Interface) == 0


def test_remove_twice() -> None:
    """What is not there can't be removed."""
    inventory = small("x")
    ams = inventory.get(Site, "ams")
    inventory.remove(ams)

    assert ams.adapter is None
    with pytest.raises(ObjectNotFound):
        inventory.remove(ams)


def test_count() -> None:
    """Counts are per model or of all."""
    inventory = small("x")

    assert (inventory.count(), inventory.count(Device), inventory.count("tenant")) == (5, 2, 0)


def test_get_or_instantiate() -> None:
    """An object is made once."""
    inventory = Inventory()
    made, is_new = inventory.get_or_instantiate(Site, {"name": "ams"}, {"region": "eu"})
    again, is_new_again = inventory.get_or_instantiate(Site, {"name": "ams"})

    assert (is_new, is_new_again) == (True, False)
    assert made is again


def test_update_or_add() -> None:
    """An object's values are taken over by the one that is there."""
    inventory = small("x")
    et1, is_new = inventory.update_or_add_model_instance(Interface(name="Et1", mtu=9000))
    _, other_is_new = inventory.update_or_instantiate(Interface, {"name": "Et9"}, {"mtu": 1})
    same, same_is_new = inventory.get_or_add_model_instance(Interface(name="Et9"))

    assert (is_new, other_is_new, same_is_new) == (False, True, False)
    assert (inventory.get(Interface, "Et1").mtu, same.mtu) == (9000, 1)
    assert et1 is inventory.get(Interface, "Et1")


def test_stores_can_be_given() -> None:
    """An adapter takes a store, or a class of stores."""
    store = LocalStore(name="mine")
    inventory = type("Plain", (Inventory.__base__,), {})("x", internal_storage_engine=store)

    assert store is inventory.store
    assert inventory is store.adapter
    assert str(store) == "mine"


def test_counting_while_others_add() -> None:
    """A store can be counted while another thread adds the first object of a model."""
    store = LocalStore()

    class Growing(dict[str, Any]):
        """Stands for the moment in which the other thread comes between."""

        def __len__(self) -> int:
            store._data[f"model{len(store._data)}"] = {}
            return 1

    store._data["device"] = Growing()

    assert store.count() == 1
    assert store.get_all_model_names() == {"device"}
