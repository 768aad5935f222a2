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
  - driftline.network.common.config
  - driftline.network.common.state
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
