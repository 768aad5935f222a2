"""Objects as JSON: what is written reads back exactly, and what is not ours is told as such."""

# ruff: noqa: RUF012 - pydantic copies the defaults of fields

from __future__ import annotations

import enum
from datetime import UTC, date, datetime, timedelta
from ipaddress import IPv4Address, IPv4Interface, IPv6Address, IPv6Network
from typing import Annotated, Any, Literal
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, computed_field, create_model, field_validator

from driftline.engine import DiffSyncModel, DiffSyncModelFlags, DiffSyncStatus
from driftline.engine.exceptions import ObjectStoreException
from driftline.engine.store.fidelity import is_plain
from driftline.engine.store.payload import decode, encode

LIMIT = 2**24
patiently = settings(
    deadline=None, suppress_health_check=[HealthCheck.too_slow]
)  # a busy machine is no failure


class Speed(enum.IntEnum):
    """Numbers with names."""

    SLOW = 10
    FAST = 100


class Neighbour(BaseModel):
    """A value with values in it."""

    address: IPv4Address
    asn: int | None = None


class Port(DiffSyncModel):
    """Has a field of every usual type."""

    _modelname = "port"
    _identifiers = ("name",)
    _attributes = ("text",)

    name: str
    text: str | None = None
    number: int = 0
    share: float = 0.0
    enabled: bool = True
    speed: Speed | None = None
    since: datetime | None = None
    day: date | None = None
    lasts: timedelta | None = None
    key: UUID | None = None
    loopback: IPv6Address | None = None
    networks: frozenset[IPv6Network] = frozenset()
    interfaces: list[IPv4Interface] = []
    neighbours: dict[str, Neighbour] = {}
    pair: tuple[int, str] | None = None
    numbered: dict[int, list[str]] = {}
    raw: bytes = b""
    either: int | str = 0
    anything: Any = None


def back(obj: DiffSyncModel) -> DiffSyncModel:
    """Return what is read after an object was written."""
    return decode(type(obj), encode(obj, LIMIT), "store", obj.get_type(), obj.get_unique_id())


TEXT = st.text()
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "name": TEXT,
    "text": st.none() | TEXT,
    "number": st.integers(),
    "share": st.floats(allow_nan=False, allow_infinity=False),
    "enabled": st.booleans(),
    "speed": st.none() | st.sampled_from(Speed),
    "since": st.none() | st.datetimes(timezones=st.none() | st.just(UTC)),
    "day": st.none() | st.dates(),
    "lasts": st.none() | st.timedeltas(timedelta(-1000), timedelta(1000)),
    "key": st.none() | st.uuids(),
    "loopback": st.none() | st.ip_addresses(v=6),
    "networks": st.frozensets(st.ip_addresses(v=6).map(lambda a: IPv6Network((a, 128))), max_size=3),
    "interfaces": st.lists(st.ip_addresses(v=4).map(lambda a: IPv4Interface(f"{a}/24")), max_size=3),
    "neighbours": st.dictionaries(TEXT, st.builds(Neighbour, address=st.ip_addresses(v=4)), max_size=2),
    "pair": st.none() | st.tuples(st.integers(), TEXT),
    "numbered": st.dictionaries(st.integers(), st.lists(TEXT, max_size=2), max_size=2),
    "raw": TEXT.map(str.encode),
    "either": st.integers() | TEXT,
    "anything": st.recursive(
        st.none() | st.booleans() | st.integers() | TEXT,
        lambda below: st.lists(below, max_size=2) | st.dictionaries(TEXT, below, max_size=2),
        max_leaves=4,
    ),
    "model_flags": st.integers(0, 31).map(DiffSyncModelFlags),
}


@patiently
@given(
    st.fixed_dictionaries(VALUES), st.none() | st.sets(st.just("text")), st.sampled_from(DiffSyncStatus), TEXT
)
def test_what_is_written_reads_back(
    values: dict[str, Any], managed: set[str] | None, status: DiffSyncStatus, message: str
) -> None:
    """Every value, in its type; what is managed; status and message."""
    port = Port(**values)
    if managed is not None:
        port.manage(managed)
    port.set_status(status, message)
    read = back(port)

    assert read.__dict__ == port.__dict__
    assert [type(value) for value in read.__dict__.values()] == [
        type(value) for value in port.__dict__.values()
    ]
    assert (read.get_managed(), read.get_status()) == (port.get_managed(), (status, message))


class Plain(DiffSyncModel):
    """Has every type that needs no proof."""

    _modelname = "plain"
    _identifiers = ("name",)

    name: str
    number: int | None = None
    enabled: bool = True
    speed: Speed = Speed.SLOW
    key: UUID | None = None
    loopback: IPv6Address | None = None
    networks: frozenset[IPv6Network] = frozenset()
    interfaces: list[IPv4Interface] = []
    pair: tuple[int, str] | None = None
    many: tuple[str, ...] = ()
    below: dict[str, list[set[int]]] = {}


@patiently
@given(
    st.fixed_dictionaries(
        {name: VALUES[name] for name in Plain.model_fields if name in VALUES}
        | {
            "speed": st.sampled_from(Speed),
            "many": st.lists(TEXT, max_size=3).map(tuple),
            "below": st.dictionaries(
                TEXT, st.lists(st.sets(st.integers(), max_size=2), max_size=2), max_size=2
            ),
        }
    )
)
def test_plain_models_need_no_proof(values: dict[str, Any]) -> None:
    """They are written without being read back, and read back all the same."""
    plain = Plain(**values)
    read = back(plain)

    assert is_plain(Plain)
    assert read.__dict__ == plain.__dict__
    assert [type(value) for value in read.__dict__.values()] == [
        type(value) for value in plain.__dict__.values()
    ]


WRONG: list[Any] = [
    *("12", "::1", "canary", b"x", 1.5, None, True, 3, object(), float("nan"), "\ud800"),
    *(
        [],
        [1],
        ["a"],
        [None],
        [True],
        [["10.0.0.1/24"]],
        (),
        (1, 2),
        (1, "a"),
        ("a", 1),
        (None, "a"),
        ("a", None),
    ),
    *(set(), {1}, frozenset({"x"}), {}, {"a": 1}, {None: []}, {"a": [{1, None}]}, {"a": [[1]]}, {1: [{1}]}),
    *(Speed.FAST, DiffSyncModelFlags.IGNORE, IPv4Address("10.0.0.1"), IPv6Address("::1"), UUID(int=3)),
    *([IPv4Interface("10.0.0.1/24")], {"a": [{True}]}, {"a": [{3}]}, datetime(2026, 1, 1, tzinfo=UTC)),
]


@pytest.mark.parametrize("field", [name for name in Plain.model_fields if name != "adapter"])
def test_any_value_reads_back_or_is_refused(field: str) -> None:
    """Set in place, also after good ones were written: no value of a wrong type is written as something else."""
    for value in WRONG * 2:
        encode(
            Plain(name="p", number=1, interfaces=[IPv4Interface("10.0.0.1/8")], pair=(1, "a"), many=("a",)),
            LIMIT,
        )
        plain = Plain(name="p", number=1, loopback=IPv6Address("::2"))
        plain.__dict__[field] = value
        try:
            text = encode(plain, LIMIT)
        except ObjectStoreException as error:
            assert error.code == "STORE-VALUE"  # noqa: PT017 - most values are refused, some are not
            assert "canary" not in error.message or field == "name"  # noqa: PT017
            continue
        read = decode(Plain, text, "store", "plain", "p").__dict__[field]
        assert (read, type(read)) == (value, type(value))


@pytest.mark.parametrize(
    ("annotation", "plain"),
    [
        (str, True),
        (list, False),
        (float, False),
        (int | str, False),
        (datetime, False),
        (list[int | None], True),
        (dict[int, str], False),
        (Annotated[int, Field(ge=1)], False),
        (Literal["a", "b"], False),
        (Neighbour, False),
        (Any, False),
    ],
)
def test_which_types_are_plain(annotation: Any, plain: bool) -> None:  # noqa: FBT001 - a parameter
    """Only those of which JSON keeps every value."""
    model = create_model("Made", __base__=Plain, extra_field=(annotation, ...))

    assert is_plain(model) is plain


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("share", float("nan")),
        ("share", float("inf")),
        ("number", "12"),
        ("text", "\ud800"),
        ("raw", b"\xff"),
        ("anything", object()),
        ("anything", (1, 2)),
        ("anything", IPv4Address("10.0.0.1")),
        ("interfaces", ["10.0.0.1/24"]),
        ("neighbours", {"a": {"address": "10.0.0.1"}}),
    ],
)
def test_what_would_change_is_refused(field: str, value: Any) -> None:
    """A value that JSON can't keep as it is is refused when it is written, not found out when it is read."""
    port = Port(name="p")
    port.__dict__[field] = value

    with pytest.raises(ObjectStoreException, match="port p") as error:
        encode(port, LIMIT)
    assert error.value.code == "STORE-VALUE"


class Unusual(DiffSyncModel):
    """Has everything that makes writing and reading differ."""

    model_config = ConfigDict(extra="allow", strict=True)
    _modelname = "unusual"
    _identifiers = ("name",)

    name: str = Field(alias="the-name")
    secret: list[IPv4Address] = Field(default=[], exclude=True)
    upper: str = ""
    _mine: int = PrivateAttr(default=0)

    @field_validator("upper")
    @classmethod
    def _upper(cls, value: str) -> str:
        return value.upper()

    @computed_field
    def length(self) -> int:
        """Computed, so not to be read back."""
        return len(self.name)


def test_unusual_models() -> None:
    """Aliases, strict types, fields left out of dumps, computed ones, validators and extra fields."""
    made = Unusual(**{"the-name": "n", "upper": "abc", "more": [1, None]}, secret=[IPv4Address("10.0.0.1")])
    read = back(made)

    assert (read.__dict__, read.__pydantic_extra__) == (made.__dict__, {"more": [1, None]})


def test_private_attributes_are_not_lost_silently() -> None:
    """What pydantic keeps out of its reach can't be written: that is told."""
    made = Unusual(**{"the-name": "n"})
    made._mine = 3

    with pytest.raises(ObjectStoreException, match="_mine"):
        encode(made, LIMIT)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b"", "not an object of this model"),
        (b"\x80\x04K\x01.", "not an object of this model"),
        (b'{"v":1,"fields":', "not an object of this model"),
        (b"[1,2]", "not an object of this model"),
        (b'{"fields":{"name":"p"}}', "version of the format that is not known"),
        (b'{"v":2,"fields":{"name":"p"}}', "version of the format that is not known"),
        (b'{"v":1,"fields":{}}', "name: Field required"),
        (b'{"v":1,"fields":{"name":"p","number":"canary"}}', "number: Input should be a valid integer"),
        (b'{"v":1,"fields":{"name":"p"},"class":"os.system"}', "class: Extra inputs"),
        (b'{"v":1,"fields":{"name":"p"},"status":"fine"}', "status"),
        (b'{"v":1,"fields":{"name":"\xff"}}', "not an object of this model"),
        (b'{"v":1,"fields":' + b'{"anything":' * 5_000 + b"}" * 5_000 + b"}", "not an object of this model"),
    ],
)
def test_what_is_not_ours_is_told(text: bytes, reason: str) -> None:
    """The error names store, model and object, and does not repeat the value."""
    with pytest.raises(ObjectStoreException, match=f"store: port p: .*{reason}") as error:
        decode(Port, text, "store", "port", "p")
    assert error.value.code == "STORE-FORMAT"
    assert "canary" not in str(error.value)
