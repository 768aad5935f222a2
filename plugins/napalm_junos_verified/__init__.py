"""Where NAPALM looks for the `junos_verified` driver: its own `junos`, which checks host keys here."""

from driftline.devices.platforms.junos.driver import VerifiedJunOSDriver

__all__ = ["VerifiedJunOSDriver"]
