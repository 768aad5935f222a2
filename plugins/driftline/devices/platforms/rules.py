"""How one section becomes another, as data for hier_config.

A platform names the lines of which a section has one at most, and what its devices insist on in their order.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hier_config.models import (
    IdempotentCommandsRule,
    MatchRule,
    NegationDefaultWithRule,
    OrderingRule,
)
from hier_config.platforms.driver_base import HConfigDriverBase, HConfigDriverRules

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_INTERFACE = MatchRule(startswith="interface ")
_VLAN = MatchRule(startswith="vlan ")
COMMON_WORDS = ("description", "mtu", "channel-group")
SWITCHPORT_WORDS = (
    "switchport access vlan",
    "switchport trunk native vlan",
    "switchport trunk allowed vlan",
    "switchport mode",
)
LAYER_ORDER: Mapping[str, int] = {
    # What belongs to a layer goes before the port leaves it, and comes after the port is in it.
    r"^no switchport \S": -12,
    r"^no (ip|ipv4) address .*secondary$": -11,
    r"^no (ip|ipv4|ipv6) address \S": -10,
    r"^no (ip )?vrf \S": -9,
    r"^(no )?switchport$": -5,
}
"""A pattern of lines inside an interface's section → their place in it, from the first to the last; others: 0."""


_LONGEST = 200  # characters; IOS takes 254 in a line
_ALLOWED = "switchport trunk allowed vlan "


def split_trunk_list(line: str) -> list[str]:
    """Return the lines that say a long list of a trunk's VLANs, as the device itself shows it: with `add`."""
    start, word, text = line.partition(_ALLOWED)
    if not word or len(line) <= _LONGEST:
        return [line]
    parts = [""]
    for one in text.split(","):
        if len(parts[-1]) + len(one) > _LONGEST - len(start + word + "add "):
            parts.append("")
        parts[-1] += f",{one}" if parts[-1] else one
    return [f"{start}{word}{'add ' if number else ''}{part}" for number, part in enumerate(parts)]


def section_rules(
    words: Sequence[str],
    *,
    primary: str,
    negated: Mapping[str, str] | None = None,
    order: Mapping[str, int] | None = None,
) -> type[HConfigDriverBase]:
    """Return how a section of ours becomes another one.

    Args:
        words: how the lines begin that replace one another, and whose negation takes no value.
        primary: what a primary address looks like; its first group tells it from other lines.
        negated: a pattern of a line → its negation, where that is not the line with `no` before it.
        order: a pattern of lines inside an interface's section → their place, as in `LAYER_ORDER`.
    """
    scalars = [(_INTERFACE, MatchRule(startswith=f"{word} ")) for word in words]
    name = (_VLAN, MatchRule(startswith="name "))
    unlike = [
        NegationDefaultWithRule(match_rules=(_INTERFACE, MatchRule(re_search=pattern)), use=line)
        for pattern, line in (negated or {}).items()
    ]
    rules = HConfigDriverRules(
        idempotent_commands=[
            *(IdempotentCommandsRule(match_rules=rule) for rule in (*scalars, name)),
            # A new primary address replaces the old one; a secondary one never does.
            IdempotentCommandsRule(match_rules=(_INTERFACE, MatchRule(re_search=primary))),
            IdempotentCommandsRule(match_rules=(_INTERFACE, MatchRule(re_search=r"^(?:no )?(shutdown)$"))),
        ],
        negate_with=[
            *unlike,
            *(
                NegationDefaultWithRule(match_rules=rule, use=f"no {word}")
                for rule, word in zip(scalars, words, strict=True)
            ),
            NegationDefaultWithRule(match_rules=name, use="no name"),
        ],
        ordering=[
            *(
                OrderingRule(match_rules=(_INTERFACE, MatchRule(re_search=pattern)), weight=weight)
                for pattern, weight in reversed([*(order or {}).items()])  # the last that matches counts
            ),
            # What others refer to goes last.
            OrderingRule(match_rules=(MatchRule(startswith="no interface "),), weight=10),
            OrderingRule(match_rules=(MatchRule(startswith="no vlan "),), weight=20),
        ],
    )

    class SectionRemediation(HConfigDriverBase):
        """How a section of ours becomes another one."""

        @staticmethod
        def _instantiate_rules() -> HConfigDriverRules:
            return rules

    return SectionRemediation
