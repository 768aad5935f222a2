# Copyright: (c) 2026, The driftline developers
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Makes what devices have what is intended. The work is done by the action plugin of the same name."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: adopt
version_added: 0.1.0
short_description: Take drift over into the source of truth
description:
  - Where the device is right and the source is not, the chosen drift is written into the source, be it files of an
    intent, NetBox or Nautobot. No device is changed.
  - The source is read whole, and one host adopts after the other. For many devices give a O(limit) and let the task
    run once.
author:
  - The driftline developers (@driftline)
extends_documentation_fragment:
  - driftline.network.common
  - driftline.network.common.run
options:
  only:
    description: The kinds of objects that are meant; all by default.
    type: list
    elements: str
    choices: [interface, ip_address, vlan]
  objects:
    description: The objects that are meant, by name; V(*) and V(?) stand for any characters and for one.
    type: list
    elements: str
  attributes:
    description: The attributes that are meant. With it, no object comes or goes.
    type: list
    elements: str
"""

EXAMPLES = r"""
- name: The new descriptions are right
  driftline.network.adopt:
    attributes: [description]
"""

RETURN = r"""
changes:
  description: Each place of a file that changes, with C(file), C(path), C(before) and C(after).
  returned: when the source is files
  type: list
  elements: dict
files:
  description: The files that were changed, or would be.
  returned: when the source is files
  type: list
  elements: str
operations:
  description: Each change of an object in the source.
  returned: when the source is NetBox or Nautobot
  type: list
  elements: dict
run:
  description: The id of the run in the history.
  returned: when NetBox or Nautobot was written
  type: str
problems:
  description: What could not be adopted, and why; the rest was.
  returned: success
  type: list
  elements: str
"""
