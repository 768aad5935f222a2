"""Tells what becomes of each task on each host as a line of JSON, for tests to read."""

from __future__ import annotations

import json
import os

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
    name: lines
    type: notification
    short_description: Results of tasks as lines of JSON
    description: Appends a line for each result to the file that the environment variable LINES names.
"""


class CallbackModule(CallbackBase):
    """Writes the lines; what people see is left to Ansible's own callback."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "lines"
    CALLBACK_NEEDS_ENABLED = True

    def v2_runner_on_ok(self, result):
        self._line(result, "ok")

    def v2_runner_on_failed(self, result, ignore_errors=False):  # noqa: FBT002 - Ansible names it so
        self._line(result, "failed", ignored=bool(ignore_errors))

    def v2_runner_on_unreachable(self, result):
        self._line(result, "unreachable")

    def v2_runner_on_skipped(self, result):
        self._line(result, "skipped")

    def _line(self, result, status, **more):
        told = {
            "task": result._task.get_name(),
            "host": result._host.get_name(),
            "status": status,
            **more,
            "result": result._result,  # not abridged as for people: with the diff
        }
        with open(os.environ["LINES"], "a", encoding="utf-8") as file:  # noqa: PTH123 - one line each time
            file.write(json.dumps(told, default=str) + "\n")
