# Copyright: (c) 2026, The driftline developers
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Takes a run back. The work is done by the action plugin of the same name."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: rollback
version_added: 0.1.0
short_description: Bring back what a run has changed
description:
  - Brings the objects that a run has changed on the host back to what they were, and nothing else.
  - Refuses where they were changed again since, unless O(overwrite=true).
author:
  - The driftline developers (@driftline)
extends_documentation_fragment:
  - driftline.network.common
  - driftline.network.common.run
  - driftline.network.common.window
options:
  run:
    description: The run's id, as the tasks that write return it and C(driftline history) shows it.
    type: str
    required: true
  overwrite:
    description: Whether objects that were changed again since are brought back, too.
    type: bool
    default: false
"""

EXAMPLES = r"""
- name: Repair drift
  driftline.network.remediate:
  register: repaired

- name: And back again
  driftline.network.rollback:
    run: "{{ repaired.run }}"
  when: repaired.run is defined
"""

RETURN = r"""
before:
  description: What the device had, in the shape of a device's file of the intent.
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
"""
