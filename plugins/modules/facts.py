# Copyright: (c) 2026, The driftline developers
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Reads a device. The work is done by the action plugin of the same name."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: facts
version_added: 0.1.0
short_description: Gather what a device has
description:
  - Reads the device, and returns what it has in the shape of a device's file of the intent. Nothing has to be intended
    for it, and no settings are needed.
author:
  - The driftline developers (@driftline)
options:
  settings:
    description: The settings file of driftline, where one is needed to reach the device.
    type: path
requirements:
  - python >= 3.11
  - the Python packages that driftline needs; C(pip install driftline) brings them
attributes:
  check_mode:
    description: Can run in check_mode and return changed status prediction without modifying target.
    support: full
notes:
  - The work is done by an action plugin, on the controller, whatever the connection of the host is.
"""

EXAMPLES = r"""
- name: Read the device
  driftline.network.facts:

- name: Use what it told
  ansible.builtin.debug:
    msg: "{{ ansible_facts.net_version }} {{ ansible_facts.driftline.interfaces | length }}"
"""

RETURN = r"""
gathered:
  description: What the device has.
  returned: success
  type: dict
ansible_facts:
  description: The same as C(driftline), and the usual facts of a network device.
  returned: success
  type: dict
  contains:
    driftline:
      description: What the device has.
      type: dict
    ansible_net_hostname:
      description: Its host name.
      type: str
    ansible_net_model:
      description: Its model.
      type: str
    ansible_net_serialnum:
      description: Its serial number.
      type: str
    ansible_net_version:
      description: The version of its operating system.
      type: str
    ansible_net_system:
      description: Its platform.
      type: str
"""
