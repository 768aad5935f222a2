# Copyright: (c) 2026, The driftline developers
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the action plugins have in common: they tell the engine what Ansible knows, and return what it says."""

from __future__ import annotations

import gc
import json
from pathlib import Path

from ansible import constants
from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible_collections.driftline.network.plugins.plugin_utils.engine import load

DOOR, PROBLEM = load("driftline.ansible.tasks")
gc.freeze()  # what was imported stays: a collector that looks at it in the process of each host copies its memory

STATES = ("intended", "merged", "replaced", "overridden", "deleted")
WHERE = {"settings": {"type": "path"}, "limit": {"type": "str"}}
WHAT = {"state": {"type": "str", "default": "intended", "choices": list(STATES)}, "config": {"type": "dict"}}
ABOUT = {
    "ticket": {"type": "str", "default": ""},
    "comment": {"type": "str", "default": ""},
}
WINDOW = {"override_window": {"type": "bool", "default": False}}


class DriftlineAction(ActionBase):
    """A task of the engine's."""

    TRANSFERS_FILES = False
    _requires_connection = False
    _supports_check_mode = True
    _supports_async = False

    task_name = ""
    argument_spec = {}
    rules = {}

    def run(self, tmp=None, task_vars=None):
        """Do the task, in this process: nothing is sent to the host but by the engine itself."""
        result = super().run(tmp, task_vars)
        arguments = self.validate_argument_spec(self.argument_spec, **self.rules)[1]
        if PROBLEM:
            raise AnsibleActionFail(PROBLEM)
        return {**result, **DOOR.run(self.task_name, self._call(arguments, task_vars or {}))}

    def _call(self, arguments, task_vars):
        """Return what the engine has to know."""
        return DOOR.Call(
            host=str(task_vars["inventory_hostname"]),
            arguments=_plain(arguments),
            variables=self._variables_of(task_vars),
            shared=Path(constants.DEFAULT_LOCAL_TMP),
            check=bool(self._task.check_mode),
            wants_diff=bool(self._task.diff),
            folder=Path(self._loader.get_basedir()),
            task=str(self._task._uuid),
            hosts=tuple(str(host) for host in task_vars.get("ansible_play_hosts_all", ())),
        )

    def _variables_of(self, task_vars):
        """Return what tells the variables of a host: also of another one than the task's, and also when delegated."""
        others = task_vars.get("hostvars", {})

        def variables(host):
            if host != task_vars["inventory_hostname"] and host not in others:
                theirs = {}  # the inventory does not have it
            else:
                theirs = task_vars if host == task_vars["inventory_hostname"] else others[host]
            known = {name: theirs[name] for name in DOOR.VARIABLES if name in theirs}
            return {**self._of_the_command_line(task_vars), **_plain(self._templar.template(known))}

        return variables

    def _of_the_command_line(self, task_vars):
        """Return what was said with -u, -k, -K and --private-key, or by the play's remote_user; variables win.

        Where a host's own variables say a password, Ansible tells it instead, which is for no other host.
        """
        connected = task_vars.get("ansible_delegated_vars", {}).get(self._task.delegate_to, task_vars)
        known = {"ansible_user": self._task.remote_user or constants.DEFAULT_REMOTE_USER}
        for attribute, (*others, name) in _TOLD_BY_PLAY:
            if connected.keys().isdisjoint((*others, name)):
                known[name] = getattr(self._play_context, attribute)
        return {name: str(value) for name, value in known.items() if value}


_TOLD_BY_PLAY = (
    ("password", ("ansible_ssh_pass", "ansible_password")),
    ("become_pass", ("ansible_become_pass", "ansible_become_password")),
    ("private_key_file", ("ansible_private_key_file", "ansible_ssh_private_key_file")),
)
"""What the context of a play has of the command line, and the variables that it takes instead; we use the last one."""


def _plain(values):
    """Return values as plain Python ones: Ansible tags strings and dictionaries, and YAML writers refuse those."""
    return json.loads(json.dumps(values, default=str))
