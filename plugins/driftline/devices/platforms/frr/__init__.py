"""FRRouting, through this project's own NAPALM driver over SSH.

FRR configures what routes; ports, VLANs, VRFs and MTUs are the Linux kernel's. So few attributes are supported,
and for the others a plan is refused.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

from hier_config.models import IdempotentCommandsRule, MatchRule, NegationDefaultWithRule, OrderingRule
from hier_config.platforms.driver_base import HConfigDriverBase, HConfigDriverRules
from jinja2 import Environment, PackageLoader, StrictUndefined

from driftline.devices.platforms.base import Capabilities, Platform
from driftline.engine.exceptions import PrepareError
from driftline.network import InterfaceKind

from .reader import ELSEWHERE, defaults, read

if TYPE_CHECKING:
    from collections.abc import Mapping

_INTERFACE = MatchRule(startswith="interface ")
_DESCRIPTION = (_INTERFACE, MatchRule(startswith="description "))


class FrrRemediation(HConfigDriverBase):
    """How FRR turns a section into another; only for sections that our own template rendered."""

    @staticmethod
    def _instantiate_rules() -> HConfigDriverRules:
        return HConfigDriverRules(
            idempotent_commands=[IdempotentCommandsRule(match_rules=_DESCRIPTION)],
            negate_with=[NegationDefaultWithRule(match_rules=_DESCRIPTION, use="no description")],
            ordering=[
                OrderingRule(
                    match_rules=(_INTERFACE, MatchRule(re_search=r"^no ip(v6)? address ")), weight=-10
                )
            ],
        )


def impossible(modelname: str, obj: Any, why: str) -> NoReturn:
    """Refuse to render what FRR can't do; raises PrepareError that names the object."""
    message = f"{obj.device}: {modelname} {obj.get_shortname()}: {why}"
    raise PrepareError(
        message,
        culprits={(modelname, obj.get_unique_id()): message},
        code="DEVICE-UNSUPPORTED",
        hint="take it out of the intent",
    )


def secure_options(host: str, options: Mapping[str, Any], tls: Any) -> dict[str, Any]:  # noqa: ARG001
    """Return driver options that verify the device's host key, and let the driver name all interfaces."""
    checked = {**options, "ssh_strict": True, "list_interfaces": True}
    return checked if checked.get("alt_host_keys") else {**checked, "system_host_keys": True}


def candidate_name(driver: Any) -> str:
    """Return what the driver calls its candidate, and the commit that waits; empty: there is none."""
    return driver.config_session or ""


def is_pending(driver: Any) -> bool:
    """Return whether a commit waits to be confirmed."""
    return bool(driver.has_pending_commit())


def take_up(driver: Any, name: str) -> None:
    """Let the driver go on with a commit that is not of its own making, or call its next candidate so."""
    driver.config_session = name or None


def _template_environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("driftline.devices.platforms.frr", "."),
        undefined=StrictUndefined,
        autoescape=False,  # noqa: S701 - it renders configuration lines, not HTML
    )
    environment.globals["impossible"] = impossible
    return environment


FRR = Platform(
    name="frr",
    capabilities=Capabilities(
        # What a candidate brings is the driver's expectation: the device shows nothing before a line is applied.
        candidate=False,
        candidate_config=False,
        replace=True,
        commit_confirmed=1,
        config_lock=False,
    ),
    read=read,
    section=_template_environment().get_template("section.j2"),
    defaults=defaults,
    default_vlan_name=lambda vid: "",  # noqa: ARG005 - there are none
    unsupported=dict.fromkeys(ELSEWHERE, frozenset(InterfaceKind)),
    remediation=FrrRemediation,
    reset_interface="no interface {name}",  # FRR refuses it for an interface that is there
    vrf_change_drops=(),
    refused_line=lambda message: None,  # noqa: ARG005 - lines are refused by the commit, not by the candidate
    candidate_name=candidate_name,
    is_pending=is_pending,
    take_up=take_up,
    secure_options=secure_options,
)
