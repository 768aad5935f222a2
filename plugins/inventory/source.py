# Copyright: (c) 2026, The driftline developers
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""The inventory plugin `driftline.network.source`."""

from __future__ import annotations

DOCUMENTATION = r"""
name: source
short_description: The devices that are intended, from the source of truth of driftline
version_added: 0.1.0
author:
  - The driftline developers (@driftline)
description:
  - Gives the intended devices as hosts, from any source of truth that the settings of driftline can name, as intent
    files, NetBox, Nautobot, or an inventory of Nornir or Ansible.
  - There is a group for each site, role and platform, for example C(site_ams), C(role_leaf), C(platform_eos), with
    the variables C(site), C(role), C(platform) and C(ansible_network_os).
  - Where a device is reached is what the source tells, else what the Nornir inventory of the settings tells, else the
    address of its management interface. It is in C(ansible_host) and C(ansible_port). The user name
    (C(ansible_user)) and the options of NAPALM's driver (C(driftline_optional_args)) are those of the Nornir
    inventory. There is never a password.
  - The name of the file ends in C(.driftline.yml) or C(.driftline.yaml), or is C(driftline_source.yml) or
    C(driftline_source.yaml).
extends_documentation_fragment:
  - constructed
  - inventory_cache
options:
  plugin:
    description: Tells that the file is for this plugin.
    type: str
    required: true
    choices: [driftline.network.source]
  settings:
    description:
      - The settings file of driftline.
      - By default what the environment variable E(DRIFTLINE_CONFIG) names, else C(driftline.yml) where Ansible was
        started, else the one beside the inventory file.
    type: path
  limit:
    description: The devices to give, by name, site or role, as of C(driftline --limit). By default all.
    type: str
requirements:
  - python >= 3.11
  - the Python packages that driftline needs; C(pip install driftline) brings them
"""

EXAMPLES = r"""
# network.driftline.yml
plugin: driftline.network.source
settings: driftline.yml

# Only the leaves of a site, with groups of one's own
# leaves.driftline.yml
---
plugin: driftline.network.source
limit: leaf
keyed_groups:
  - key: role
    prefix: ""
    separator: ""
compose:
  ansible_password: lookup('ansible.builtin.env', 'DEVICE_PASSWORD')
"""

import hashlib
import json
from pathlib import Path

from ansible.errors import AnsibleParserError
from ansible.plugins.inventory import BaseInventoryPlugin, Cacheable, Constructable
from ansible.utils.unsafe_proxy import wrap_var
from ansible_collections.driftline.network.plugins.plugin_utils.engine import load

ENGINE = load("driftline.ansible.inventory")
DOOR = ENGINE[0]
MISSING = ENGINE[1]
ENDINGS = (".driftline.yml", ".driftline.yaml")
NAMES = ("driftline_source.yml", "driftline_source.yaml")


class InventoryModule(BaseInventoryPlugin, Constructable, Cacheable):
    """Fills Ansible's inventory with what the engine lists."""

    NAME = "driftline.network.source"

    def verify_file(self, path):
        """Return whether a file is for this plugin, by its name."""
        return super().verify_file(path) and (path.endswith(ENDINGS) or Path(path).name in NAMES)

    def parse(self, inventory, loader, path, cache=True):  # noqa: FBT002 - Ansible's own signature
        """Add the hosts and groups of the source that a file is about."""
        super().parse(inventory, loader, path, cache=cache)
        if MISSING:
            raise AnsibleParserError(MISSING)
        self._read_config_data(path)
        listed = self._cached(path, refresh=not cache)
        self._add_groups(listed)
        self._add_hosts(listed)

    def _cached(self, path, *, refresh):
        """Return what the cache has for the file and its options, else what the source tells now."""
        if not self.get_option("cache"):
            return self._listed(path)
        asked = hashlib.sha256(json.dumps(self._asked()).encode()).hexdigest()[:12]
        key = f"{self.get_cache_key(path)}_{asked}"
        if refresh or key not in self._cache:
            self._cache[key] = self._listed(path)
        return self._cache[key]

    def _listed(self, path):
        try:
            return DOOR.source_inventory(*self._asked(), Path(path).parent)
        except DOOR.DriftlineError as error:
            raise AnsibleParserError(DOOR.error_told(error)) from None

    def _asked(self):
        """Return what is asked of the source, as plain values: Ansible tags its own."""
        return json.loads(json.dumps([self.get_option("settings"), self.get_option("limit")]))

    def _add_groups(self, listed):
        for group in listed["all"]["children"]:
            self.inventory.add_group(group)
            self._set(group, listed[group]["vars"])
            for host in listed[group]["hosts"]:
                self.inventory.add_host(host, group=group)

    def _add_hosts(self, listed):
        """Set the variables of the hosts, and those that are composed of them."""
        strict = self.get_option("strict")
        for host in listed["all"]["hosts"]:
            self.inventory.add_host(host)
            self._set(host, listed["_meta"]["hostvars"][host])
        for host, variables in DOOR.host_variables(listed):
            known = {**wrap_var(variables), "inventory_hostname": host}
            self._set_composite_vars(self.get_option("compose"), known, host, strict=strict)
            self._add_host_to_composed_groups(self.get_option("groups"), known, host, strict=strict)
            self._add_host_to_keyed_groups(self.get_option("keyed_groups"), known, host, strict=strict)

    def _set(self, name, variables):
        """Set variables of a host or a group; what a source says is never taken for a template."""
        for variable, value in variables.items():
            self.inventory.set_variable(name, variable, wrap_var(value))
