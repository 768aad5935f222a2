"""Where NAPALM looks for the `frr` driver: `napalm.get_network_driver("frr")`."""

from driftline.devices.drivers.frr import FRRDriver

__all__ = ["FRRDriver"]
