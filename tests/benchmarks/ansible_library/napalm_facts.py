# Copyright: (c) 2026, The driftline developers
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""A module as many are written: Ansible starts a Python for each host, which imports NAPALM and asks the device."""

from ansible.module_utils.basic import AnsibleModule
from napalm import get_network_driver


def main() -> None:
    """Read what a comparison needs: facts, interfaces, the running configuration."""
    text = {"type": "str", "required": True}
    module = AnsibleModule(
        argument_spec={
            "host": text,
            "port": {"type": "int"},
            "username": text,
            "password": {**text, "no_log": True},
        }
    )
    given = module.params
    optional = {"transport": "http", "port": given["port"]}
    with get_network_driver("eos")(
        given["host"], given["username"], given["password"], optional_args=optional
    ) as driver:
        facts, interfaces = driver.get_facts(), driver.get_interfaces()
        running = driver.get_config(retrieve="running")["running"]
    module.exit_json(
        changed=False, hostname=facts["hostname"], interfaces=len(interfaces), lines=len(running)
    )


if __name__ == "__main__":
    main()
