"""Health checks: whether what devices answer between batches is good."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from driftline.network import Device
from driftline.runs import HealthCheck, asked, evaluate

CHECK: TypeAdapter[Any] = TypeAdapter(HealthCheck)
MLAG = "state  : Active\nnegotiation status : Connected\n"
BGP = {
    "global": {
        "router_id": "10.0.0.1",
        "peers": {
            "10.1.0.0": {"is_up": True, "uptime": 900, "description": "spine1"},
            "10.1.0.2": {"is_up": False, "uptime": -1, "description": ""},
        },
    }
}
UP = {"getter": "get_bgp_neighbors", "path": "global.peers.*.is_up", "value": True}
GOOD: list[tuple[dict[str, Any], Any]] = [
    ({"command": "show mlag", "expect": r"^state\s+: Active$"}, MLAG),
    ({"command": "show mlag", "reject": "Inactive"}, MLAG),
    ({**UP, "at_least": 1}, BGP),
    ({"getter": "get_bgp_neighbors", "path": ["global", "peers", "10.1.0.0", "uptime"], "op": ">", "value": 60}, BGP),
    ({"getter": "get_bgp_neighbors", "path": "global.router_id", "op": "matches", "value": r"^10\."}, BGP),
    ({"getter": "get_bgp_neighbors", "path": "*.peers.*.uptime", "op": "!=", "value": 0}, BGP),
    ({"getter": "get_ntp_stats", "path": "*.synchronized", "value": True}, [{"synchronized": True}]),
    ({"getter": "get_ntp_stats", "path": "0.stratum", "op": "<=", "value": 3}, [{"stratum": 3}]),
    ({"hook": "bgp"}, None),
    ({"hook": "site.checks:bgp"}, True),
]  # fmt: skip
BAD: list[tuple[dict[str, Any], Any, str]] = [
    ({"command": "show mlag", "expect": "Active$"}, "state : Disabled", "nothing in its output matches 'Active$'"),
    ({"command": "show mlag", "expect": "A", "reject": "Conn\\w+"}, MLAG, "its output has 'Connected'"),
    ({"command": "show mlag", "expect": "A"}, None, "no text"),
    (UP, BGP, "global.peers.10.1.0.2.is_up is False"),
    ({**UP, "at_least": 2}, BGP, "true of 1 of 2, needed are 2"),
    ({**UP, "path": "red.peers.*.is_up"}, BGP, "nothing of that name"),
    ({"getter": "get_bgp_neighbors", "path": "global.router_id.x", "value": 1}, BGP, "nothing of that name"),
    ({"getter": "get_bgp_neighbors", "path": "*", "value": 1}, {}, "nothing of that name"),
    ({"getter": "get_bgp_neighbors", "path": "global.router_id", "op": ">", "value": 3}, BGP, "is '10.0.0.1'"),
    ({"hook": "bgp"}, False, "False"),
    ({"hook": "bgp"}, "two sessions are down", "two sessions are down"),
]  # fmt: skip


@pytest.mark.parametrize(("check", "answer"), GOOD)
def test_good_answers_pass(check: dict[str, Any], answer: Any) -> None:
    """A command's output, a getter's values, a function's word."""
    assert evaluate(CHECK.validate_python(check), answer, "leaf1") is None


@pytest.mark.parametrize(("check", "answer", "message"), BAD)
def test_bad_answers_say_what_is_wrong(check: dict[str, Any], answer: Any, message: str) -> None:
    """On which device, by which check, and what was found."""
    problem = evaluate(CHECK.validate_python(check), answer, "leaf1")
    assert problem is not None
    assert (problem.where, problem.code) == ("leaf1", "HEALTH")
    assert message in problem.message


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"command": "show mlag"},
        {"command": "show mlag", "expect": "("},
        {"command": "show mlag", "hook": "bgp"},
        {"command": "show mlag", "expect": "A", "value": 1},
        {"getter": "get_facts"},
        {"getter": "close", "value": 1},
        {"getter": "get_facts", "value": 1, "op": "=~"},
        {"getter": "get_facts", "value": "(", "op": "matches"},
        {"getter": "get_facts", "value": 1, "at_least": 0},
        {"hook": "os.system('x')"},
        {"hook": "bgp", "retries": -1},
        {"hook": "bgp", "wait": "soon"},
        "show mlag",
    ],
)
def test_checks_that_make_no_sense_are_refused(wrong: Any) -> None:
    """When the settings are read, not after the first batch."""
    with pytest.raises(ValidationError):
        CHECK.validate_python(wrong)


def test_checks_ask_the_devices_that_they_choose() -> None:
    """By name, site or role."""
    devices = [Device(name="leaf1", site="ams", role="leaf"), Device(name="spine1", site="ams", role="spine")]
    bgp = CHECK.validate_python({"hook": "bgp", "devices": "spine"})
    ntp = CHECK.validate_python({"hook": "ntp"})
    oob = CHECK.validate_python({"hook": "oob", "devices": "oob"})
    assert asked([bgp, ntp, oob], devices) == [(bgp, ["spine1"]), (ntp, ["leaf1", "spine1"])]
