# Copyright: (c) 2026, The driftline developers
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Takes drift over into the source of truth."""

from __future__ import annotations

from ansible_collections.driftline.network.plugins.plugin_utils.action import ABOUT, WHERE, DriftlineAction


class ActionModule(DriftlineAction):
    """Makes what devices have what is intended."""

    task_name = "adopt"
    argument_spec = {
        **WHERE,
        **ABOUT,
        "only": {"type": "list", "elements": "str", "choices": ["interface", "ip_address", "vlan"]},
        "objects": {"type": "list", "elements": "str"},
        "attributes": {"type": "list", "elements": "str"},
    }
