# Copyright: (c) 2026, The driftline developers
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Finds drift, plans, and applies. The work is done by the action plugin of the same name."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: remediate
version_added: 0.1.0
short_description: Bring devices in line with what is intended
description:
  - Finds drift, plans its repair, and applies the plan, in one go.
  - Each device changes as a whole or not at all, and is read back. A failure takes it back.
  - In check mode what it tells of the device afterwards is what the run then reads back. It warns of what would keep a
    run from being begun now.
author:
  - The driftline developers (@driftline)
extends_documentation_fragment:
  - driftline.network.common
  - driftline.network.common.config
  - driftline.network.common.run
  - driftline.network.common.window
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
      - V(gathered) returns what the device has, V(rendered) the lines that make what is intended, and V(parsed) what
        O(running_config) says. They change nothing; the last two do not ask the device.
    type: str
    default: intended
    choices: [intended, merged, replaced, overridden, deleted, gathered, rendered, parsed]
  running_config:
    description: The text of a running configuration, for O(state=parsed).
    type: str
"""

EXAMPLES = r"""
- name: Repair drift
  driftline.network.remediate:
    ticket: CHG-4711

- name: Add a VLAN, whatever else there is
  driftline.network.remediate:
    state: merged
    config:
      vlans:
        210: {name: cameras}

- name: Reset two ports
  driftline.network.remediate:
    state: deleted
    config:
      interfaces:
        Ethernet7-8: {}

- name: All of a site or nothing, as one run
  driftline.network.remediate:
    limit: ams
  run_once: true

- name: What lines would that be
  driftline.network.remediate:
    state: rendered
  register: lines
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
run:
  description: The id of the run in the history, by which it can be rolled back.
  returned: when something was tried
  type: str
rollback:
  description: Whether the device was taken back (C(done)), whether that failed (C(failed)), and why (C(reason)).
  returned: when something was tried
  type: dict
native_diff:
  description: The device's own account of the change.
  returned: when something was tried
  type: str
gathered:
  description: What the device has, in the shape of O(config).
  returned: with O(state=gathered)
  type: dict
rendered:
  description: The lines that make what is intended on a device with nothing configured.
  returned: with O(state=rendered)
  type: list
  elements: str
parsed:
  description: What O(running_config) says, in the shape of O(config).
  returned: with O(state=parsed)
  type: dict
"""
