"""Prepares the home folder that ansible-test works in: ansible_test_home.py HOME.

It keeps its environments there, and hands on no variable but HOME: what pip is told by variables has to be in a file.
The script that puts pip into an empty environment, which it would fetch from its project's server, is there already.
"""

import os
import shutil
import sys
from configparser import RawConfigParser
from pathlib import Path

from ansible_test._internal.host_configs import NativePythonConfig
from ansible_test._internal.python_requirements import get_venv_packages


def put_bootstrap_script(home: Path) -> None:
    """Put our script where ansible-test looks for the one that it has fetched before."""
    python = NativePythonConfig(version="{}.{}".format(*sys.version_info))
    version = get_venv_packages(python)["pip"].replace(".", "_")
    cache = home / ".ansible/test/cache"
    cache.mkdir(parents=True, exist_ok=True)
    shutil.copy(Path(__file__).parent / "get_pip.py", cache / f"get_pip_{version}.py")


def write_pip_settings(home: Path) -> None:
    """Write what pip is told by the user's files and variables, the later of which win."""
    settings = RawConfigParser()
    settings.read([Path("~/.pip/pip.conf").expanduser(), Path("~/.config/pip/pip.conf").expanduser()])
    if not settings.has_section("global"):
        settings.add_section("global")
    settings.set("global", "quiet", "1")
    for name, value in os.environ.items():
        if name.startswith("PIP_"):
            settings.set("global", name.removeprefix("PIP_").lower().replace("_", "-"), value)
    file = home / ".config/pip/pip.conf"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.touch(mode=0o600)  # an index's address may hold a password
    with file.open("w", encoding="utf-8") as stream:
        settings.write(stream)


if __name__ == "__main__":
    put_bootstrap_script(Path(sys.argv[1]))
    write_pip_settings(Path(sys.argv[1]))
