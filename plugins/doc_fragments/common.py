# Copyright: (c) 2026, The driftline developers
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""What several modules' documentation has in common."""

from __future__ import annotations


class ModuleDocFragment:
    """Parts of documentation, by name."""

    DOCUMENTATION = r"""
options:
  settings:
    description:
      - The settings file of driftline, in which the source of truth, guards, rules and windows are.
      - By default what the environment variable E(DRIFTLINE_CONFIG) names, else C(driftline.yml) where Ansible
        was started, else the one beside the playbook.
    type: path
  limit:
    description:
      - The devices to work on in one go, by name, site or role, as of C(driftline --limit); V(all) for all.
      - Without it each task works on its own host, which is what you want in most cases.
      - With it, run the task once (C(run_once) or on C(localhost)). It is one run then, with the scope and the
        batches of the settings, and what is returned is by device, in C(devices).
    type: str
requirements:
  - python >= 3.11
  - the Python packages that driftline needs; C(pip install driftline) brings them
attributes:
  check_mode:
    description: Can run in check_mode and return changed status prediction without modifying target.
    support: full
  diff_mode:
    description: Will return details on what has changed (or possibly needs changing in check_mode), when in diff mode.
    support: full
notes:
  - The work is done by an action plugin, on the controller, whatever the connection of the host is.
  - Where a host is reached is what its variables say (C(ansible_host), C(ansible_port), C(ansible_user),
    C(ansible_password), C(ansible_become_password), C(ansible_ssh_private_key_file), C(ansible_network_os),
    C(ansible_httpapi_use_ssl), and C(driftline_optional_args) for NAPALM's driver), else what the source of truth
    and the settings say.
"""

    RUN = r"""
options:
  ticket:
    description: The ticket that the run is for; it is kept in the history.
    type: str
    default: ''
  comment:
    description: Why the run is made; it is kept in the history.
    type: str
    default: ''
"""

    WINDOW = r"""
options:
  override_window:
    description: Whether devices are changed outside of their change windows, too. It needs a O(ticket).
    type: bool
    default: false
"""

    CONFIG = r"""
options:
  config:
    description:
      - What is intended for the host, instead of what the source of truth says, in the shape of a device's file of
        the intent, which is what RV(before), RV(after) and RV(driftline.network.facts#module:gathered) have, too.
      - Names of interfaces may be ranges.
    type: dict
"""

    STATE = r"""
options:
  state:
    description:
      - How far what is intended is the truth, as of O(driftline.network.remediate#module:state).
    type: str
    default: intended
    choices: [intended, merged, replaced, overridden, deleted]
"""
