"""driftline keeps a network true to its intent."""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("driftline")
except PackageNotFoundError:  # bundled in the Ansible collection, not installed
    __version__ = "0.1.0"

__all__ = ["__version__"]
