"""Models: typed records with an identity, attributes, children, and the hooks that push a change."""

from __future__ import annotations

import builtins
import itertools
from collections.abc import Callable, Mapping
from functools import lru_cache
from operator import itemgetter
from typing import TYPE_CHECKING, Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import to_jsonable_python

from .children import SHORT, ChildIndex
from .comparison import normalisers, plainly_dumped, validated_alone
from .enum import DiffSyncModelFlags, DiffSyncStatus
from .exceptions import ObjectAlreadyExists, ObjectNotFound, ObjectNotUpdated, ObjectStoreWrongType
from .many import unique_ids_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

# Exact types are asked for where subclasses write themselves in their own way: pylint: disable=unidiomatic-typecheck

_SUCCESS = DiffSyncStatus.SUCCESS
_NEAR = 4
"""By how many places an object is expected to have moved towards the front of its parent's list."""
_SETS: dict[frozenset[str], frozenset[str]] = {}
_FIELDS_SET: dict[frozenset[str], set[str]] = {}
"""The sets of the fields that records were given: one for all that were given the same."""


class DiffSyncModel(BaseModel):
    """A record that two datasets can have in common.

    Subclasses name their fields by role:

        class Vlan(DiffSyncModel):
            _modelname = "vlan"
            _identifiers = ("device", "vid")
            _attributes = ("name",)

            device: str
            vid: int
            name: str | None = None

    and override `create`, `update` and `delete` to push a change to the system that their adapter stands
    for. A hook calls its `super()` to change the record itself, sets a status, and returns the object.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True)

    __slots__ = ("_indexes", "_managed", "_outcome", "_place", "_uid")
    if TYPE_CHECKING:
        _indexes: builtins.dict[builtins.str, ChildIndex] | None
        _managed: frozenset[builtins.str] | None
        _outcome: tuple[DiffSyncStatus, builtins.str]
        _place: int | None
        _uid: builtins.str | None

    _modelname: ClassVar[builtins.str] = "diffsyncmodel"
    _identifiers: ClassVar[tuple[builtins.str, ...]] = ()
    _shortname: ClassVar[tuple[builtins.str, ...]] = ()
    _attributes: ClassVar[tuple[builtins.str, ...]] = ()
    _children: ClassVar[builtins.dict[builtins.str, builtins.str]] = {}
    _normalise: ClassVar[Mapping[builtins.str, Callable[[Any], Any]]] = {}
    """Field name to a function: its values are the same when the function makes them equal."""
    _ignore_case: ClassVar[tuple[builtins.str, ...]] = ()
    """Fields whose texts are the same in upper and lower case."""
    _unordered: ClassVar[tuple[builtins.str, ...]] = ()
    """Attributes that are lists whose order does not matter."""

    _normalisers: ClassVar[Mapping[builtins.str, Callable[[Any], Any]]] = {}
    """The three above in one."""
    _own_unique_id: ClassVar[bool] = False
    """Whether the class makes its unique ids in a way of its own."""
    _attribute_names: ClassVar[frozenset[builtins.str]] = frozenset()
    _keys: ClassVar[tuple[builtins.str, ...]] = ()
    """The identifiers in the order of the fields."""
    _uid_values: ClassVar[itemgetter[Any] | None] = None
    """Takes the identifiers out of a record's fields, where they need no more than to be joined."""
    _read_plainly: ClassVar[bool | None] = None
    """Whether the attributes can be read as they are; None: not known yet."""
    _blank: ClassVar[builtins.dict[builtins.str, Any]] = {}
    """The defaults that records can share."""
    _last_given: ClassVar[list[set[builtins.str]]] = [set()]
    """The shared set of the fields that the last record of the class was given."""
    _lists: ClassVar[tuple[builtins.str, ...]] = ()
    """The fields that are empty lists by default, one for each record."""
    _field_names: ClassVar[set[builtins.str]] = set()
    """All fields, as those that were set: one set shared by all trusted records, since each has 700 bytes."""

    model_flags: DiffSyncModelFlags = DiffSyncModelFlags.NONE
    adapter: Any = Field(default=None, exclude=True, repr=False)

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        """Check that the roles name fields, each field once."""
        super().__pydantic_init_subclass__(**kwargs)
        roles: builtins.dict[builtins.str, Iterable[builtins.str]] = {
            "_identifiers": cls._identifiers,
            "_attributes": cls._attributes,
            "_children": cls._children.values(),
        }
        for role, names in {**roles, "_shortname": cls._shortname}.items():
            for name in names:
                if name not in cls.model_fields and not hasattr(cls, name):
                    raise AttributeError(f"{cls.__name__}: {role} names {name!r}, which is no field of it")
        defaults = {
            name: field.default for name, field in cls.model_fields.items() if not field.is_required()
        }
        cls._field_names = set(cls.model_fields)
        cls._last_given = [set()]
        cls._attribute_names = frozenset(cls._attributes)
        cls._keys = tuple(sorted(cls._identifiers, key=[*cls.model_fields, *cls._identifiers].index))
        cls._normalisers = normalisers(cls._normalise, cls._ignore_case, cls._unordered)
        cls._own_unique_id = not _inherits(cls, "create_unique_id", "get_identifiers", "get_unique_id")
        simple = (
            not cls._own_unique_id and cls._identifiers and not set(cls._identifiers) & set(cls._normalisers)
        )
        fields = simple and set(cls._identifiers) <= set(cls.model_fields)
        cls._uid_values = itemgetter(*cls._identifiers) if fields else None
        cls._read_plainly = None
        cls._lists = tuple(name for name, default in defaults.items() if default == [])
        cls._blank = {name: default for name, default in defaults.items() if name not in cls._lists}
        for (one, names), (other, others) in itertools.combinations(roles.items(), 2):
            if twice := set(names) & set(others):
                raise AttributeError(
                    f"{cls.__name__}: fields {twice} are included in both {one} and {other}."
                )

    def model_post_init(self, _context: Any, /) -> None:
        """Start with every attribute managed."""
        _set_slot(self, "_managed", None)
        _set_slot(self, "_uid", None)

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            """Fill a slot that few records need when it is first read; all of them where a class forgets its base."""
            if name not in _EMPTY:
                return super().__getattr__(name)
            _set_slot(self, name, _EMPTY[name])
            return _EMPTY[name]

    @classmethod
    def trusted(cls, **fields: Any) -> Self:
        """Make a record from values that are known to be valid.

        Twice as fast as by validating them where that converts values or calls validators of the model's own,
        hardly faster for plain fields. For adapters that have checked or made the values themselves; every required
        field must be given.
        """
        obj = cls.__new__(cls)
        values = cls._blank.copy()
        for name in cls._lists:
            values[name] = []
        values.update(fields)
        _set_slot(obj, "__dict__", values)
        _set_slot(obj, "__pydantic_fields_set__", cls._field_names)
        _set_slot(obj, "__pydantic_extra__", None)
        _set_slot(obj, "__pydantic_private__", None)
        _set_slot(obj, "_managed", None)
        _set_slot(obj, "_uid", None)
        return obj

    def share_fields_set(self) -> None:
        """Share the set of the fields that were given, of 700 bytes, with all records that were given the same."""
        given, last = self.__pydantic_fields_set__, self._last_given
        shared = last[0]
        if given is not shared and given != shared:  # mostly they are given what the one before was given
            shared = last[0] = _FIELDS_SET.setdefault(frozenset(given), given)
        _set_slot(self, "__pydantic_fields_set__", shared)

    def __setattr__(self, name: builtins.str, value: Any) -> None:
        """Set a field; with an identifier the unique id changes too."""
        if name not in self.__pydantic_fields_set__:
            _set_slot(self, "__pydantic_fields_set__", set(self.__pydantic_fields_set__))  # it may be shared
        super().__setattr__(name, value)
        if name in self._identifiers:
            self.forget_unique_id()
        if name in self._attribute_names or name == "model_flags":
            self.touch()

    def __eq__(self, other: object) -> bool:
        """Return whether two records of one class have the same values, whichever datasets they belong to."""
        if not isinstance(other, DiffSyncModel):
            return NotImplemented
        return type(self) is type(other) and {**self.__dict__, "adapter": None} == {
            **other.__dict__,
            "adapter": None,
        }

    __hash__ = None  # type: ignore[assignment] # a record can be changed

    def __copy__(self) -> Self:
        """Return a copy with the same status that manages the same attributes, and belongs to no adapter."""
        return self._like_me(super().__copy__())

    def __deepcopy__(self, memo: builtins.dict[int, Any] | None = None) -> Self:
        """Return such a copy of the values too."""
        memo = {} if memo is None else memo
        memo[id(self.adapter)] = self.adapter  # it is not copied
        return self._like_me(super().__deepcopy__(memo))

    def _like_me(self, copy: Self) -> Self:
        # pydantic copies fields; it knows nothing of these slots. No unique id: `model_copy` goes on to set
        # fields without telling, and an identifier may be among them.
        _set_slot(copy, "_managed", self._managed)
        _set_slot(copy, "_outcome", self._outcome)
        copy.__dict__["adapter"] = None
        return copy

    # Identity ---------------------------------------------------------------------------------------------

    @classmethod
    def get_type(cls) -> builtins.str:
        """Return the model's name."""
        return cls._modelname

    @classmethod
    def create_unique_id(cls, **identifiers: Any) -> builtins.str:
        """Return the unique id of the object with these identifiers.

        Identifiers are compared as text, and different ones never share a unique id.
        """
        names = cls._identifiers or tuple(identifiers)
        return cls._unique_id(tuple([identifiers[name] for name in names]), names)  # a list is faster to fill

    @classmethod
    def unique_id_of(cls, identity: Mapping[builtins.str, Any]) -> builtins.str:
        """Return the unique id of the object with this identity."""
        read = cls._uid_values
        uid = None if read is None else _plain_uid(read(identity))
        return cls.create_unique_id(**identity) if uid is None else uid

    @classmethod
    def _unique_id(cls, values: tuple[Any, ...], names: tuple[builtins.str, ...]) -> builtins.str:
        normalise = cls._normalisers
        if normalise:
            values = tuple(
                normalise[name](value) if name in normalise else value
                for name, value in zip(names, values, strict=True)
            )
        return _joined(values) or _escaped_join(values)

    def get_identifiers(self) -> builtins.dict[builtins.str, Any]:
        """Return the identifiers by name, as this dataset spells them."""
        return {name: getattr(self, name) for name in self._keys}

    def get_unique_id(self) -> builtins.str:
        """Return the unique id, equal for the same object in every dataset."""
        uid = self._uid
        if uid is None:
            read = self._uid_values
            uid = None if read is None else _plain_uid(read(self.__dict__))
            if uid is None:
                uid = self._made_unique_id()
            _set_slot(self, "_uid", uid)
        return uid

    def _made_unique_id(self) -> builtins.str:
        if self._own_unique_id:
            return self.create_unique_id(**self.get_identifiers())
        values = tuple(getattr(self, name) for name in self._identifiers)
        return self._unique_id(values, self._identifiers)

    def forget_unique_id(self) -> None:
        """Make the unique id anew when it is next asked for: fields were set past `__setattr__`."""
        _set_slot(self, "_uid", None)

    def get_shortname(self) -> builtins.str:
        """Return the name to show among the siblings."""
        if self._shortname:
            return "__".join([str(getattr(self, name)) for name in self._shortname])
        return self.get_unique_id()

    # Attributes -------------------------------------------------------------------------------------------

    def get_attrs(self) -> builtins.dict[builtins.str, Any]:
        """Return the attributes by name, as plain values."""
        return self.model_dump(include=set(self._attributes))

    @classmethod
    def attributes_are_plain(cls) -> bool:
        """Return whether the values of the attributes are compared as they stand in the record.

        They are not where the class has a `get_attrs` of its own, or fields that are dumped as something else.
        """
        if cls._read_plainly is None:
            own = not _inherits(cls, "get_attrs")
            cls._read_plainly = not own and plainly_dumped(cls, cls._attributes)
        return cls._read_plainly

    def get_read_set(self) -> builtins.dict[builtins.str, Any]:
        """Return the values that a plan to delete the object relies on."""
        return self.get_attrs()

    def manage(self, attributes: Iterable[builtins.str]) -> Self:
        """Say which attributes this dataset has an opinion on; the others are not compared."""
        names = frozenset(attributes)
        _set_slot(self, "_managed", _SETS.setdefault(names, names))
        self.touch()
        return self

    def get_managed(self) -> tuple[builtins.str, ...]:
        """Return the names of the attributes that are compared and changed."""
        managed = self._managed
        return self._attributes if managed is None else _in_order(self._attributes, managed)

    @classmethod
    def same(cls, attribute: builtins.str, one: Any, other: Any) -> bool:
        """Return whether two values of an attribute mean the same."""
        if one == other:
            return True
        normalise = cls._normalisers.get(attribute)
        return normalise is not None and bool(normalise(one) == normalise(other))

    @classmethod
    def only_equals_are_same(cls) -> bool:
        """Return whether two values mean the same only where they are equal."""
        return not cls._normalisers and _inherits(cls, "same")

    def owns(self, child: DiffSyncModel) -> bool:  # noqa: ARG002 - subclasses decide by the child
        """Return whether a child that only the destination has may be deleted because this object lacks it."""
        return True

    # Children ---------------------------------------------------------------------------------------------

    @classmethod
    def get_children_mapping(cls) -> builtins.dict[builtins.str, builtins.str]:
        """Return the field that lists the children, by their model's name."""
        return cls._children

    def add_child(self, child: DiffSyncModel) -> None:
        """List an object as a child; the store keeps the object itself."""
        uids, uid = self._uids_for(child), child.get_unique_id()
        index = None if len(uids) < SHORT and self._indexes is None else self._index(uids, child)
        if _is_listed(uid, uids, index):
            raise self._already(child)
        if index is None:
            _set_slot(child, "_place", len(uids))
            uids.append(uid)
        else:
            index.append(uid)
        self.touch()

    def insert_child(self, child: DiffSyncModel, place: int) -> None:
        """List an object as a child at a place among its siblings."""
        self.expect_new(child)
        uids, uid = self._uids_for(child), child.get_unique_id()
        index = None if len(uids) < SHORT and self._indexes is None else self._index(uids, child)
        if index is None:
            uids.insert(place, uid)
        else:
            index.insert(uid, place)
        self.touch()

    def expect_new(self, child: DiffSyncModel) -> None:
        """Raise ObjectAlreadyExists when an object is listed as a child, ObjectStoreWrongType when it can't be."""
        if self.lists(child):
            raise self._already(child)

    def _already(self, child: DiffSyncModel) -> ObjectAlreadyExists:
        kind, uid = child.get_type(), child.get_unique_id()
        return ObjectAlreadyExists(
            f"Already storing a {kind} with unique_id {uid} in {self.get_unique_id()}", child
        )

    def add_children(self, children: Sequence[DiffSyncModel]) -> None:
        """List several new objects of one model as children; all of them, or none when one is listed already."""
        if not children:
            return
        uids, new = self._uids_for(children[0]), unique_ids_of(children)
        twice = len(set(new)) < len(new) or (uids and not set(uids).isdisjoint(new))
        if twice or len({kind.get_type() for kind in {type(child) for child in children}}) > 1:
            raise ObjectAlreadyExists(
                f"Already storing one of {len(new)} {children[0].get_type()} in {self.get_unique_id()}",
                children[0],
            )
        uids.extend(new)
        self.touch()

    def remove_child(self, child: DiffSyncModel, place: int | None = None) -> None:
        """Take an object off the list of children; who knows its place there spares the search."""
        uids, uid = self._uids_for(child), child.get_unique_id()
        if place is None:
            place = self.place_of(child)
        if place is None or uids[place] != uid:
            raise ObjectNotFound(
                f"{child.get_type()} {uid} was not found as a child of {self.get_unique_id()}"
            )
        index = None if len(uids) < SHORT and self._indexes is None else self._index(uids, child)
        if index is None:
            del uids[place]
        else:
            index.remove(uid, place)
        self.touch()

    def lists(self, child: DiffSyncModel) -> bool:
        """Return whether an object is listed as a child."""
        return self.place_of(child) is not None

    def place_of(self, child: DiffSyncModel) -> int | None:
        """Return where a child stands among its siblings, or None when it is not listed."""
        uids, uid = self._uids_for(child), child.get_unique_id()
        index = None if len(uids) < SHORT and self._indexes is None else self._index(uids, child)
        if index is not None:
            return index.place(uid)
        return _found(uid, uids, child._place)

    def touch(self) -> None:
        """Tell the store that this record was changed in place; some write it down, some remember that it was."""
        adapter = self.adapter
        if adapter is not None and (store := getattr(adapter, "store", None)) is not None:
            store.touch(self)  # hooks may be given something else than an adapter

    def _uids_for(self, child: DiffSyncModel) -> list[builtins.str]:
        try:
            uids: list[builtins.str] = getattr(self, self._children[child.get_type()])
        except KeyError:
            raise ObjectStoreWrongType(
                f"Unable to store {child.get_type()} as a child of {self.get_type()}; "
                f"valid types are {sorted(self._children)}"
            ) from None
        return uids

    def _index(self, uids: list[builtins.str], child: DiffSyncModel) -> ChildIndex | None:
        """Return the index of a long list of children; None where it is short, or lists one twice."""
        indexes = self._indexes
        if len(uids) < SHORT:
            # Not kept any more: when the list is long again, it may not be the same.
            if indexes is not None:
                indexes.pop(child.get_type(), None)
            return None
        if indexes is None:
            indexes = {}
            _set_slot(self, "_indexes", indexes)
        index = indexes.get(child.get_type())
        if index is None or not index.fits(uids):
            index = indexes[child.get_type()] = ChildIndex(uids)
        return index if index.fits(uids) else None

    # Status -----------------------------------------------------------------------------------------------

    def set_status(self, status: DiffSyncStatus, message: builtins.str = "") -> None:
        """Record what became of the last change of this object."""
        _set_slot(self, "_outcome", (status, message))

    def get_status(self) -> tuple[DiffSyncStatus, builtins.str]:
        """Return what became of the last change of this object."""
        return self._outcome

    # Checks -----------------------------------------------------------------------------------------------

    @classmethod
    def validate_create(
        cls, adapter: Any, ids: builtins.dict[builtins.str, Any], attrs: builtins.dict[builtins.str, Any]
    ) -> None:
        """Raise when the object can't be created with these values; writes nothing.

        Called before `create`, and instead of it in a dry run. So are `validate_update` and `validate_delete`.
        """

    def validate_update(self, attrs: builtins.dict[builtins.str, Any]) -> None:
        """Raise when the object can't be given these values; writes nothing."""

    def validate_delete(self) -> None:
        """Raise when the object must not be deleted; writes nothing."""

    # Hooks ------------------------------------------------------------------------------------------------

    @classmethod
    def create_base(
        cls, adapter: Any, ids: builtins.dict[builtins.str, Any], attrs: builtins.dict[builtins.str, Any]
    ) -> Self | None:
        """Make the record, without its hook's effects."""
        created: Self = cls.__pydantic_validator__.validate_python({**ids, "adapter": adapter, **attrs})
        created.set_status(_SUCCESS, "Created successfully")
        return created

    @classmethod
    def create(
        cls, adapter: Any, ids: builtins.dict[builtins.str, Any], attrs: builtins.dict[builtins.str, Any]
    ) -> Self | None:
        """Create the object in the adapter's system; None or ObjectNotCreated mean that it was not."""
        return cls.create_base(adapter=adapter, ids=ids, attrs=attrs)

    def update_base(self, attrs: builtins.dict[builtins.str, Any]) -> Self | None:
        """Change the record's attributes, validated; raises ObjectNotUpdated and changes nothing if wrong."""
        if not self._assigned(attrs):
            valid = self.with_attrs(attrs)
            for name in attrs:
                setattr(self, name, getattr(valid, name))
        self.set_status(_SUCCESS, "Updated successfully")
        return self

    def _assigned(self, attrs: Mapping[builtins.str, Any]) -> bool:
        """Set attributes one by one; return False, and set none, where one is wrong or it takes the whole to tell."""
        cls = type(self)
        if not (cls._attribute_names.issuperset(attrs) and _validated_alone(cls)):
            return False
        values, fields_set = self.__dict__, self.__pydantic_fields_set__
        if not fields_set.issuperset(attrs):
            _set_slot(self, "__pydantic_fields_set__", fields_set.union(attrs))  # it may be shared
        try:
            for name, value in attrs.items():
                cls.__pydantic_validator__.validate_assignment(self, name, value)  # into a new `__dict__`
        except Exception:  # noqa: BLE001 - the validation of the whole raises it again
            _set_slot(self, "__dict__", values)
            _set_slot(self, "__pydantic_fields_set__", fields_set)
            return False
        self.touch()
        return True

    def with_attrs(self, attrs: Mapping[builtins.str, Any]) -> Self:
        """Return a record like this one with these attributes, validated; raises ObjectNotUpdated if wrong."""
        if not attrs.keys() <= self._attribute_names:
            unknown = sorted(attrs.keys() - self._attribute_names)
            raise ObjectNotUpdated(
                f"{self.get_type()} {self.get_unique_id()}: {', '.join(unknown)} can't be updated",
                hint=f"only its attributes can: {', '.join(self._attributes)}",
            )
        try:
            return type(self).model_validate({**self.__dict__, **attrs, "adapter": None})
        except ValidationError as error:
            raise ObjectNotUpdated(f"{self.get_type()} {self.get_unique_id()}: {error}") from error

    def update(self, attrs: builtins.dict[builtins.str, Any]) -> Self | None:
        """Update the object in the adapter's system; None or ObjectNotUpdated mean that it was not."""
        return self.update_base(attrs)

    def delete_base(self) -> Self | None:
        """Mark the record as deleted, without its hook's effects."""
        self.set_status(_SUCCESS, "Deleted successfully")
        return self

    def delete(self) -> Self | None:
        """Delete the object in the adapter's system; None or ObjectNotDeleted mean that it was not."""
        return self.delete_base()

    # Text -------------------------------------------------------------------------------------------------

    def dict(self, **kwargs: Any) -> builtins.dict[builtins.str, Any]:
        """Return the record as plain values, without its adapter."""
        return self.model_dump(**kwargs)

    def json(self, **kwargs: Any) -> builtins.str:
        """Return the record as JSON text, without its adapter and without what is at its default."""
        return self.model_dump_json(**{"exclude_defaults": True, **kwargs})

    def str(self, include_children: bool = True, indent: int = 0) -> builtins.str:  # noqa: FBT001, FBT002 - diffsync's signature
        """Return the record, and all that is below it, as indented text."""
        margin = " " * indent
        text = f"{margin}{self.get_type()}: {self.get_unique_id()}: {self.get_attrs()}"
        for modelname, field in self._children.items():
            uids = getattr(self, field)
            text += f"\n{margin}  {field}"
            if not uids or not include_children or self.adapter is None:
                text += f": {uids}"
            else:
                text += "".join("\n" + self._child_text(modelname, uid, indent + 4) for uid in uids)
        return text

    def _child_text(self, modelname: builtins.str, uid: builtins.str, indent: int) -> builtins.str:
        child: DiffSyncModel | None = self.adapter.get_or_none(modelname, uid)
        if child is None:
            return f"{' ' * indent}{uid} (ERROR: details unavailable)"
        return child.str(indent=indent)

    def __repr__(self) -> builtins.str:
        """Return the model's name and the unique id."""
        return f'{self.get_type()} "{self.get_unique_id()}"'

    def __str__(self) -> builtins.str:
        """Return the unique id, as messages show the object."""
        return self.get_unique_id()


_EMPTY = {"_indexes": None, "_managed": None, "_outcome": (_SUCCESS, ""), "_place": None, "_uid": None}
_set_slot = object.__setattr__
"""Past pydantic, which would look for a field of that name; bound once, since every record needs it."""


def _found(uid: str, uids: list[str], last: int | None) -> int | None:
    """Return where a unique id stands, or None: looked for first where it was put, since texts lie all over memory."""
    if last is not None:
        try:
            return uids.index(uid, max(0, last - _NEAR), last + 1)
        except ValueError:
            pass
    try:
        return uids.index(uid)
    except ValueError:
        return None


def _is_listed(uid: str, uids: list[str], index: ChildIndex | None) -> bool:
    # Of the others only the hashes are looked at, which they remember: a list of texts is spread over all of memory.
    return not {uid}.isdisjoint(uids) if index is None else index.place(uid) is not None


def _inherits(cls: type[DiffSyncModel], *methods: str) -> bool:
    """Return whether a class has these methods as DiffSyncModel has them."""
    return all(
        getattr(getattr(cls, name), "__func__", getattr(cls, name))
        is getattr(getattr(DiffSyncModel, name), "__func__", getattr(DiffSyncModel, name))
        for name in methods
    )


@lru_cache(maxsize=1024)
def _validated_alone(cls: type[DiffSyncModel]) -> bool:
    return _inherits(cls, "model_post_init", "__setattr__") and validated_alone(cls)


@lru_cache(maxsize=4096)
def _in_order(attributes: tuple[str, ...], managed: frozenset[str]) -> tuple[str, ...]:
    return tuple(name for name in attributes if name in managed)


def _plain_uid(values: Any) -> str | None:
    """Return the unique id where it is the identifier, or a plain join of several, as nearly always; else None."""
    if type(values) is str:
        return values
    return (_joined(values) or None) if type(values) is tuple else None


def _joined(values: tuple[Any, ...]) -> str | None:
    """Return identifiers that are texts as a unique id, or None where that takes more than joining them."""
    try:
        joined = "__".join(values)
    except TypeError:
        return None
    return joined if joined.count("_") == 2 * len(values) - 2 or len(values) == 1 else None


def _escaped_join(values: tuple[Any, ...]) -> str:
    texts = [value if type(value) is str else _text(value) for value in values]
    if len(texts) == 1:
        return texts[0]
    return _joined(tuple(texts)) or "__".join(_escaped(text) if "_" in text else text for text in texts)


def _text(value: Any) -> str:
    """Return an identifier as text: the same before and after it was saved as JSON."""
    # The exact types first: this is called for every object of every comparison.
    if type(value) is str:
        return value
    if type(value) is int:
        return str(value)
    return str(to_jsonable_python(value, fallback=str))


def _escaped(value: str) -> str:
    r"""Return a part of a unique id in which the separator `__` can't be mistaken.

    Parts that need no escape keep their spelling; such a part has no `\_`, which every escaped one has.
    """
    if "__" in value or "\\_" in value or value.startswith("_") or value.endswith("_"):
        return value.replace("\\", "\\\\").replace("_", "\\_")
    return value
