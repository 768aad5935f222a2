# Copyright: (c) 2026, The driftline developers
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Finds out how devices differ from what is intended. The work is done by the action plugin of the same name."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: drift
version_added: 0.1.0
short_description: Find out how devices differ from what is intended
description:
  - Reads the device, compares it with what the source of truth intends for it, and reports the difference.
  - Nothing is changed. C(changed) tells whether the device differs, as O(state) would have to change it, so that the
    recap counts the hosts with drift and C(--diff) shows it.
author:
  - The driftline developers (@driftline)
extends_documentation_fragment:
  - driftline.network.common
options:
  state:
    description:
      - How far what is intended is the truth. The states but V(intended) mean what they mean in the network resource
        modules of other collections.
      - V(intended) is what the source of truth itself says, with its own words on what it owns (C(manage)).
      - V(merged) creates and updates, and never deletes.
      - V(replaced) makes each listed interface and VLAN as given; what is not given of it goes back to the default.
      - V(overridden) does so too, and of the collections that are given nothing else stays. Physical ports that are
        not listed are reset.
      - V(deleted) takes away what is listed; of a collection that is given empty, all of it. Physical ports are reset.
    type: str
    default: intended
    choices: [intended, merged, replaced, overridden, deleted]
  config:
    description:
      - What is intended for the host, instead of what the source of truth says, in the shape of a device's file of
        the intent, which is what RV(before), RV(after) and RV(driftline.network.facts#module:gathered) have, too.
      - Names of interfaces may be ranges.
    type: dict
"""

EXAMPLES = r"""
- name: Show what differs
  driftline.network.drift:
  register: drift

- name: Fail where something differs
  ansible.builtin.assert:
    that: drift is not changed
    fail_msg: "{{ drift.operations }}"

- name: The whole network at once, from the control node
  driftline.network.drift:
    limit: all
  run_once: true
"""

RETURN = r"""
before:
  description: What the device had, in the shape of O(config).
  returned: without O(limit)
  type: dict
after:
  description: What the device has now, as it was read back. In check mode, what it would have.
  returned: when changed
  type: dict
commands:
  description: The lines that the device got, or would get.
  returned: without O(limit)
  type: list
  elements: str
operations:
  description: Each change of an object, with C(action), C(model), C(name), C(before), C(after), C(status), C(message).
  returned: without O(limit)
  type: list
  elements: dict
summary:
  description: How many objects are created, updated and deleted.
  returned: always
  type: dict
  sample: {create: 1, update: 2, delete: 0}
devices:
  description: All that, by device.
  returned: with O(limit)
  type: dict
code:
  description: What went wrong, as a stable code.
  returned: on failure
  type: str
  sample: GUARD-MAX-DELETES
hint:
  description: What to try.
  returned: on failure
  type: str
"""
