"""FRRouting, through this project's own NAPALM driver over SSH.

FRR configures what routes; ports, VLANs, VRFs and MTUs are the Linux kernel's. So few attributes are supported,
and for the others a plan is refused.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

from hier_config.models import IdempotentCommandsRule, MatchRule, NegationDefaultWithRule, OrderingRule
from hier_config.platforms.driver_base import HConfigDriverBase, HConfigDriverRules

from driftline.devices.platforms.base import Capabilities, Platform
from driftline.devices.platforms.limits import refused
from driftline.devices.platforms.secure import ssh_options
from driftline.devices.platforms.templates import section_template
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


def secure_options(host: str, options: Mapping[str, Any], tls: Any) -> dict[str, Any]:
    """Return driver options that verify the device's host key, and let the driver name all interfaces."""
    return {**ssh_options(host, options, tls), "list_interfaces": True}


def candidate_name(driver: Any) -> str:
    """Return what the driver calls its candidate, and the commit that waits; empty: there is none."""
    return driver.config_session or ""


def take_up(driver: Any, name: str) -> None:
    """Let the driver go on with a commit that is not of its own making, or call its next candidate so."""
    driver.config_session = name or None


_SECTION = section_template(__name__)
_SECTION.globals["impossible"] = impossible

FRR = Platform(
    name="frr",
    capabilities=Capabilities(
        # What a candidate brings is the driver's expectation: the device shows nothing before a line is applied.
        candidate=False,
        candidate_config=False,
        replace=True,
        commit_confirmed=1,
        config_lock=False,
        atomic=False,
    ),
    read=read,
    section=_SECTION,
    defaults=defaults,
    default_vlan_name=lambda vid: "",  # noqa: ARG005 - there are none
    unsupported=refused(
        ELSEWHERE, InterfaceKind, "it is the Linux kernel's business, and FRR has no command for it"
    ),
    remediation=FrrRemediation,
    reset_interface="",
    vrf_change_drops=(),
    refused_line=lambda message: None,  # noqa: ARG005 - lines are refused by the commit, not by the candidate
    candidate_name=candidate_name,
    take_up=take_up,
    secure_options=secure_options,
)
