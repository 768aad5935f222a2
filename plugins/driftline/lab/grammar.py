"""What the simulator knows of EOS's grammar beyond interfaces and VLANs, as tables.

Lines arrive without indentation, so the tables say which lines open a mode, which can only be global,
and which statements have one value. What they don't know is kept as it came.
"""

from __future__ import annotations

import re

HEREDOCS = {"banner login": 1, "banner motd": 1, "banner exec": 1, "protocol https certificate": 2}


def _any(*prefixes: str) -> re.Pattern[str]:
    """Matches a line (or its negation) that starts with one of these words."""
    return re.compile(r"(?:no |default )?(?:" + "|".join(prefixes) + r")(?= |$)")


# Global lines that EOS shows above the VLANs.
_ABOVE = _any(
    "aaa",
    "agent",
    "alias",
    "banner",
    "boot",
    "clock",
    "daemon",
    "dns",
    "enable",
    "errdisable",
    "event-handler",
    "event-monitor",
    "hardware speed-group",
    "hostname",
    "ip domain",
    "ip domain-list",
    "ip domain-name",
    "ip host",
    "ip igmp snooping",
    "ip name-server",
    "ip radius",
    "ip tacacs",
    "l2-protocol",
    "lacp system-priority",
    "lldp (?:run|timer|hold-time|holdtime|management-address|reinit)",
    r"load-interval default",
    r"logging (?!event)\S+",
    "ntp",
    "platform",
    "poe reboot",
    "prompt",
    "queue-monitor",
    "radius",
    "radius-server",
    "redundancy",
    "service (?:routing|configuration|unsupported-transceiver|running-config|interface)",
    "snmp-server",
    "spanning-tree (?:mode|mst|vlan-id|root|edge-port|transmit|max-age|hello-time|forward-time)",
    "switchport default",
    "tacacs-server",
    "terminal",
    "terminattr",
    "transceiver qsfp",
    "username",
    "vlan internal",
)

# Global lines that EOS shows below the interfaces; they also end any mode they can't belong to.
_BELOW = _any(
    "arp cache",
    "class-map",
    "control-plane",
    "end",
    "interface$",
    r"interface (?!disabled)\S+",
    "ip access-list",
    "ip address virtual source-nat",
    "ip as-path",
    "ip community-list",
    "ip extcommunity-list",
    "ip ftp",
    "ip hardware",
    "ip http",
    "ip icmp",
    "ip load-sharing",
    "ip multicast-routing",
    "ip prefix-list",
    "ip route",
    "ip routing",
    "ip ssh",
    "ip virtual-router mac-address",
    "ipv6 access-list",
    "ipv6 hardware",
    "ipv6 prefix-list",
    "ipv6 route",
    "ipv6 unicast-routing",
    "mac access-list",
    "mac address-table",
    "management",
    "mlag configuration",
    "mlag$",
    "monitor",
    "mpls (?:ldp|rsvp)$",
    "patch panel",
    "peer-filter",
    "policy-map",
    "ptp mode",
    "qos (?:map|rewrite|profile)",
    "route-map",
    "router",
    "sflow (?:run|source|source-interface|destination|polling-interval|sample|vrf)",
    "traffic-policies",
    "vrf (?:instance|definition)",
)

# Lines that open a mode at the top level, beside `interface`, `vlan` and `vrf instance`.
_OPENERS = re.compile(
    r"(?:router \S+|management (?!defaults)\S+|(?:ip|ipv6|mac) access-list |(?:ip|ipv6) prefix-list \S+$"
    r"|route-map |class-map |policy-map |mlag configuration$|mlag$|daemon |event-handler |hardware tcam$"
    r"|patch panel$|link tracking group \S+$|mpls (?:ldp|rsvp)$|mpls$|vrf definition |aaa group server "
    r"|peer-filter |control-plane$|system control-plane$|dhcp server$|traffic-policies$|tap aggregation$"
    r"|interface (?:defaults$|profile )|spanning-tree mst configuration$|monitor (?:telemetry|connectivity)"
    r"|flow tracking |qos profile |dot1x$|email$|cvx$|maintenance$|group (?:bgp|interface) |sync-e$"
    r"|queue-monitor streaming$|ip security$|ip nat synchronization$|load-balance policies$|stun$|logging format )"
)

# Lines that open a mode inside another one: the header of the outer mode, the line.
_NESTED = (
    (
        re.compile(r"router bgp "),
        re.compile(r"vlan [\d,-]+$|(?:vlan-aware-bundle|vpws|address-family|vrf|session|group) "),
    ),
    (re.compile(r"vpws "), re.compile(r"pseudowire ")),
    (re.compile(r"vrf "), re.compile(r"address-family |ipv[46]$")),
    (
        re.compile(r"router (?!bgp)"),
        re.compile(r"(?:address-family|vrf|peer|policy|path-group) |ipv[46]$|segment-routing mpls$"),
    ),
    (re.compile(r"management "), re.compile(r"(?:vrf|ssl profile|transport|entropy) |session$|password$")),
    (re.compile(r"patch panel"), re.compile(r"patch ")),
    (re.compile(r"policy-map "), re.compile(r"class ")),
    (re.compile(r"hardware tcam"), re.compile(r"profile ")),
    (re.compile(r"profile "), re.compile(r"feature ")),
    (re.compile(r"flow tracking "), re.compile(r"(?:tracker|exporter) ")),
    (re.compile(r"tracker "), re.compile(r"exporter ")),
    (re.compile(r"traffic-policies"), re.compile(r"traffic-policy |field-set ")),
    (re.compile(r"traffic-policy "), re.compile(r"match ")),
    (
        re.compile(r"interface "),
        re.compile(r"evpn ethernet-segment$|encapsulation vlan$|(?:uc-|mc-)?tx-queue |traffic-engineering$"),
    ),
)

# Lines that mean something else in the modes around them, and open no mode.
_OWN = ((re.compile(r"vlan-aware-bundle "), re.compile(r"vlan [\d,-]+$")),)

# Statements with one value, so that a new one takes the place of the old; groups make up the key.
_SINGLE_VALUED = tuple(
    re.compile(pattern)
    for pattern in (
        r"(ip access-group|ipv6 access-group|mac access-group) \S+ (in|out)$",
        r"(neighbor \S+ (?:remote-as|description|update-source|ebgp-multihop|maximum-routes|timers)) ",
        r"(neighbor \S+ (?:peer group|password|local-as|weight)) ",
        r"(neighbor \S+ (?:route-map|prefix-list)) \S+ (in|out)$",
        r"(storm-control \S+ level) ",
        r"(service-policy (?:type \S+ )?(?:input|output)) ",
        r"(spanning-tree (?:mode|mst \d+ priority|portfast|cost|port-priority|guard|link-type)) ",
        r"(ip ospf (?:cost|network|area|priority|hello-interval|dead-interval)) ",
        r"(isis (?:metric|network|circuit-type|enable)) ",
        r"(lacp (?:rate|timer|system-id|port-priority)) ",
        r"(logging (?:buffered|trap|console|monitor|facility|source-interface)) ",
        r"(snmp-server (?:location|contact)) ",
        r"(set (?:local-preference|metric|origin|tag|weight|metric-type)) ",
        r"(switchport (?:phone vlan|phone trunk|source-interface)) ",
        r"(seq \d+) ",
        r"(\d+) (?:permit|deny|remark) ",
        r"(reload-delay \S+) ",
        r"(description|hostname|router-id|rd|maximum-paths|speed|load-interval|prompt|mlag|state|net|is-type) ",
        r"(domain-id|local-interface|peer-address|peer-link|exec|idle-timeout|max-lsa|bfd interval|qos trust) ",
        r"(clock timezone|arp timeout|vlan internal order|transceiver qsfp default-mode|ntp local-interface) ",
        r"(service routing protocols model|ip virtual-router mac-address|update wait-install|distance bgp) ",
        r"(flowcontrol send|flowcontrol receive|error-correction encoding) ",
    )
)

# What is on unless configured otherwise: the negation is what EOS shows, never the line itself.
_ON_BY_DEFAULT = re.compile(
    r"(?:aaa root|autostate|lldp (?:transmit|receive)|bgp default ipv4-unicast|spanning-tree vlan-id .+"
    r"|ip igmp snooping(?: vlan \d+)?|isis hello padding|sflow enable|logging event link-status"
    r"|passive-interface (?!default).+|snmp trap link-change|switchport port-security persistence)$"
)
# What EOS shows in either state.
_SHOWN_OFF = re.compile(r"(?:enable password|ip routing(?: vrf \S+)?|neighbor \S+ activate)$")


def is_global(line: str) -> bool:
    """Whether a line can only be meant for the top level."""
    return (_ABOVE.match(line) or _BELOW.match(line) or _OPENERS.match(line)) is not None


def is_own(line: str, parents: tuple[str, ...]) -> bool:
    """Whether a mode takes a line that would mean something else in the modes around it."""
    return any(parent.match(parents[-1]) and child.match(line) for parent, child in _OWN)


def is_above(line: str) -> bool:
    """Whether EOS shows a global line above the VLANs rather than below the interfaces."""
    return _ABOVE.match(line) is not None


def opens_mode(line: str, parents: tuple[str, ...] = ()) -> bool:
    """Whether a line opens a mode, given the headers of the modes around it."""
    if not parents:
        return _OPENERS.match(line) is not None
    outer = parents[-1]
    return any(parent.match(outer) and child.match(line) for parent, child in _NESTED)


def single_value_key(line: str) -> str | None:
    """What a statement with one value sets; None for a statement that comes in numbers."""
    for pattern in _SINGLE_VALUED:
        if match := pattern.match(line):
            return " ".join(match.groups())
    return None


def is_on_by_default(line: str) -> bool:
    """Whether the line says only what holds anyway."""
    return _ON_BY_DEFAULT.match(line) is not None


def shows_negation(line: str, *, in_block: bool) -> bool:
    """Whether `no <line>` is something that EOS shows; `no shutdown` starts a service in its block."""
    if line == "shutdown":
        return in_block
    return (_ON_BY_DEFAULT.match(line) or _SHOWN_OFF.match(line)) is not None
