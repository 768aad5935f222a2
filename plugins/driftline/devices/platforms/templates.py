"""Where the templates of sections come from: a platform's own, on top of what all of them have in common."""

from __future__ import annotations

from ipaddress import ip_interface
from typing import TYPE_CHECKING

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined

if TYPE_CHECKING:
    from jinja2 import Template


def section_template(package: str) -> Template:
    """Return the template `section.j2` of a package; it may extend `common.j2`.

    Args:
        package: the name of the platform's package.
    """
    loader = ChoiceLoader([PackageLoader(package, "."), PackageLoader(__package__ or "", ".")])
    environment = Environment(
        loader=loader,
        undefined=StrictUndefined,
        autoescape=False,  # noqa: S701 - it renders configuration lines, not HTML
    )
    environment.filters["with_mask"] = _with_mask
    return environment.get_template("section.j2")


def _with_mask(address: str) -> str:
    """Return an IPv4 address as older command lines write it: `10.0.0.1 255.255.255.0`."""
    return ip_interface(address).with_netmask.replace("/", " ")
