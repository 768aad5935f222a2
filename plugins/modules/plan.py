# Copyright: (c) 2026, The driftline developers
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Makes a plan that can be reviewed, and applied later. The work is done by the action plugin of the same name."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: plan
version_added: 0.1.0
short_description: Plan what brings devices in line with what is intended
description:
  - Finds drift, and plans its repair, with the lines that the device would get. Nothing is changed on devices.
  - C(changed) tells whether the plan changes anything, as with M(driftline.network.drift).
author:
  - The driftline developers (@driftline)
extends_documentation_fragment:
  - driftline.network.common
  - driftline.network.common.config
  - driftline.network.common.state
options:
  path:
    description:
      - Where the plan is kept, readable by its owner alone. It is the file that C(driftline plan --out) writes, and
        can be shown, signed and applied by the command line, too.
      - It is not written in check mode.
    type: path
"""

EXAMPLES = r"""
- name: Plan for each host
  driftline.network.plan:
    path: "plans/{{ inventory_hostname }}.json"

- name: One plan for a site
  driftline.network.plan:
    limit: ams
    path: plans/ams.json
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
plan_id:
  description: The plan's digest.
  returned: success
  type: str
path:
  description: The file that was written.
  returned: success
  type: str
"""
