# Copyright: (c) 2026, The driftline developers
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the action plugins have in common: they tell the engine what Ansible knows, and return what it says."""

from __future__ import annotations

import json
from pathlib import Path

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible_collections.driftline.network.plugins.plugin_utils.engine import load

from ansible import constants

DOOR, PROBLEM = load("driftline.ansible.tasks")

STATES = ("intended", "merged", "replaced", "overridden", "deleted")
WHERE = {"settings": {"type": "path"}, "limit": {"type": "str"}}
WHAT = {"state": {"type": "str", "default": "intended", "choices": list(STATES)}, "config": {"type": "dict"}}
ABOUT = {"ticket": {"type": "str", "default": ""}, "comment": {"type": "str", "default": ""}}


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

        def variables(host):
            if host == task_vars["inventory_hostname"]:
                known = {name: task_vars[name] for name in DOOR.VARIABLES if name in task_vars}
            else:
                others = task_vars.get("hostvars", {})
                theirs = others.get(host, {})
                known = {name: theirs[name] for name in DOOR.VARIABLES if name in theirs}
            return {**self._of_the_command_line(), **_plain(self._templar.template(known))}

        return variables

    def _of_the_command_line(self):
        """Return what was said with -u, -k and -K, or by the play's remote_user; variables win."""
        play = self._play_context
        known = {
            "ansible_user": self._task.remote_user or constants.DEFAULT_REMOTE_USER,
            "ansible_password": play.password,
            "ansible_become_password": play.become_pass,
        }
        return {name: str(value) for name, value in known.items() if value}


def _plain(values):
    """Return values as plain Python ones: Ansible tags strings and dictionaries, and YAML writers refuse those."""
    return json.loads(json.dumps(values, default=str))
