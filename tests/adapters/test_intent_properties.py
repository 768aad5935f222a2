"""Any valid intent: written to files and loaded, it is what was meant; any text at all is loaded or refused."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from driftline.adapters.intent import IntentAdapter
from driftline.adapters.yaml12 import YamlProblem, dump, parse
from driftline.engine.exceptions import LoadError
from driftline.network import vlan_ranges

PORTS = range(1, 9)
WORD = st.from_regex(r"[A-Za-z][A-Za-z0-9_-]{0,12}", fullmatch=True)
TEXT = st.text(
    st.characters(exclude_categories=["C", "Zl", "Zp", "Zs"], exclude_characters="\x85"),
    min_size=1,
    max_size=30,
) | st.sampled_from(
    ["off", "yes", "12:34:56", "2024-01-01", "null", "~", "1e3", "0x10", "010", "a: b", "# x", "*x"]
)
VLAN = st.integers(1, 4094)
KEYS: dict[str, st.SearchStrategy[Any]] = {
    "description": st.none() | TEXT,
    "enabled": st.booleans(),
    "mtu": st.none() | st.integers(68, 65535),
    "mode": st.sampled_from([None, "access", "trunk", "routed"]),
    "access_vlan": st.none() | VLAN,
    "trunk_vlans": st.none() | st.just("all") | st.lists(VLAN, max_size=6),
    "native_vlan": st.none() | VLAN,
    "lag": st.none() | st.sampled_from(["Port-Channel1", "Port-Channel20"]),
}
PORT = st.fixed_dictionaries({}, optional=KEYS)
PROFILED = st.fixed_dictionaries({}, optional={**KEYS, "profile": st.sampled_from([None, "p0", "p1"])})
ADDRESS = st.builds("10.{}.{}.{}/{}".format, *[st.integers(1, 254)] * 3, st.sampled_from([24, 31, 32]))


@st.composite
def intents(draw: st.DrawFn) -> dict[str, Any]:
    """Return profiles, a range, single ports, VLANs and addresses that break no rule."""
    first, last = sorted((draw(st.sampled_from(PORTS)), draw(st.sampled_from(PORTS))))
    addresses = draw(st.lists(ADDRESS, max_size=4, unique_by=lambda text: text.partition("/")[0]))
    return {
        "profiles": [draw(PORT), draw(PORT)],
        "range": (first, last, draw(PROFILED)),
        "ports": draw(st.dictionaries(st.sampled_from(PORTS), PROFILED, max_size=4)),
        "vlans": draw(
            st.dictionaries(
                st.integers(2, 1001), st.fixed_dictionaries({}, optional={"name": st.none() | WORD})
            )
        ),
        "svis": {10 + index: [address] for index, address in enumerate(addresses)},
        "short": draw(st.booleans()),
    }


def written(intent: dict[str, Any], folder: Path) -> Path:
    """Write an intent to files."""
    stem = "Et" if intent["short"] else "Ethernet"
    first, last, keys = intent["range"]
    device = {
        "site": "ams",
        "role": "leaf",
        "platform": "eos",
        "vlans": intent["vlans"],
        "interfaces": {
            f"Ethernet{first}-{last}": keys,
            **{f"{stem}{number}": keys for number, keys in intent["ports"].items()},
            **{f"Vlan{vid}": {"addresses": addresses} for vid, addresses in intent["svis"].items()},
        },
    }
    files = {"sites/ams": {}, "devices/leaf1": device}
    files |= {f"profiles/p{number}": profile for number, profile in enumerate(intent["profiles"])}
    for name, content in files.items():
        path = folder / f"{name}.yml"
        path.parent.mkdir(exist_ok=True)
        path.write_text(dump(content), encoding="utf-8")
    return folder


def meant(intent: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the managed attributes of each interface, in the plainest way."""
    first, last, ranged = intent["range"]
    found = {}
    for number in PORTS:
        layers = [ranged] if first <= number <= last else []
        layers += [intent["ports"][number]] if number in intent["ports"] else []
        if not layers:
            continue
        keys = {key: value for layer in layers for key, value in layer.items()}
        profile = keys.pop("profile", None)
        below = {} if profile is None else intent["profiles"][int(profile[1])]
        keys = {**below, **keys}
        if keys.get("trunk_vlans") is not None:
            keys["trunk_vlans"] = vlan_ranges(keys["trunk_vlans"])
        found[f"Ethernet{number}"] = keys
    return found | {f"Vlan{vid}": {} for vid in intent["svis"]}


@settings(max_examples=120, deadline=None)
@given(intents())
def test_what_is_written_is_what_is_loaded(intent):
    """Attributes, what is managed of them, VLANs and addresses, from the files and from the cache."""
    with tempfile.TemporaryDirectory() as name:
        folder = written(intent, Path(name))
        for _ in range(2):
            adapter = IntentAdapter(folder, cache_dir=folder / "cache")
            adapter.load()
            found = {
                port.name: {key: getattr(port, key) for key in port.get_managed()}
                for port in adapter.get_all("interface")
            }
            assert found == meant(intent)
            vlans = {
                vlan.vid: {key: getattr(vlan, key) for key in vlan.get_managed()}
                for vlan in adapter.get_all("vlan")
            }
            assert vlans == intent["vlans"]
            addresses = {address.interface: [address.address] for address in adapter.get_all("ip_address")}
            assert addresses == {f"Vlan{vid}": listed for vid, listed in intent["svis"].items()}


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.floats(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=8) | st.integers(0, 5000), inner, max_size=4)
    ),
    max_leaves=12,
)
SKETCHED = st.dictionaries(
    st.sampled_from(
        ["site", "role", "platform", "vlans", "interfaces", "manage", "serial", "reset_unlisted_ports"]
    ),
    JUNK
    | st.dictionaries(
        st.sampled_from(["Ethernet1", "Ethernet1-3", "Vlan10", "Lo0", "10", "interfaces"]),
        st.dictionaries(st.sampled_from([*KEYS, "addresses", "profile", "vrf", "manage_addresses"]), JUNK)
        | JUNK,
    ),
)


@settings(max_examples=150, deadline=None)
@given(SKETCHED)
def test_anything_is_loaded_or_refused(content):
    """Whatever a file holds, the answer is a dataset or a list of problems with places, never a crash."""
    with tempfile.TemporaryDirectory() as name:
        folder = written(
            {"profiles": [], "range": (1, 1, {}), "ports": {}, "vlans": {}, "svis": {}, "short": False},
            Path(name),
        )
        device = {"site": "ams", "role": "leaf", "platform": "eos"} | content
        (folder / "devices" / "leaf1.yml").write_text(dump(device), encoding="utf-8")
        try:
            IntentAdapter(folder).load()
        except LoadError as error:
            problems = error.problems
        else:
            problems = ()
        assert all(problem.where.startswith("devices/leaf1.yml:") for problem in problems)


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=60) | st.text("ab:- \n\t[]{}&*!'\"#<|>?,%@1.~", max_size=60).map(str.encode))
def test_any_bytes_are_parsed_or_refused(content):
    """The parser lets no foreign exception out."""
    try:
        lines = [problem.line for problem in parse(content)[2]]
    except YamlProblem as problem:
        lines = [problem.line]
    assert all(line >= 1 for line in lines)


def same(one: Any, other: Any) -> bool:
    """Return whether two values are equal in kind too, and not-a-number is itself."""
    return repr(one) == repr(other)


@settings(max_examples=200, deadline=None)
@given(st.dictionaries(st.text(max_size=8) | st.integers(), JUNK, max_size=4))
def test_what_is_dumped_is_what_is_parsed(value):
    """One dialect for writing and reading, for every plain value."""
    found, _, problems = parse(dump(value).encode())
    assert same(found, value)
    assert problems == []


@settings(max_examples=200, deadline=None)
@given(st.dictionaries(TEXT, TEXT, max_size=4))
def test_what_is_dumped_is_read_the_same_by_yaml_1_1(value):
    """Ansible and others read our files with PyYAML."""
    assert yaml.safe_load(dump(value)) == value
