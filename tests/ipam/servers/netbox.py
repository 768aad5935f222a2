"""NetBox: its settings, and how it is started."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import SecretStr

from .product import Product, Site

if TYPE_CHECKING:
    from collections.abc import Mapping

SETTINGS = """\
ALLOWED_HOSTS = ["127.0.0.1"]
SECRET_KEY = "only-for-tests-on-the-loopback-address-of-a-single-machine-00"
API_TOKEN_PEPPERS = {{1: "only-for-tests-on-the-loopback-address-of-a-single-machine-01"}}
CENSUS_REPORTING_ENABLED = False
ISOLATED_DEPLOYMENT = True
DATABASES = {{
    "default": {{
        "NAME": "{site.database}",
        "USER": "postgres",
        "HOST": "127.0.0.1",
        "PORT": "{site.database_port}",
        "CONN_MAX_AGE": 300,
        "CONN_HEALTH_CHECKS": True,
    }}
}}
REDIS = {{
    "tasks": {{"HOST": "127.0.0.1", "PORT": {site.redis_port}, "DATABASE": {site.caches[0]}}},
    "caching": {{"HOST": "127.0.0.1", "PORT": {site.redis_port}, "DATABASE": {site.caches[1]}}},
}}
"""


def configure(site: Site) -> Mapping[str, str]:
    """Write the settings file where NetBox looks for it."""
    (site.folder / "conf").mkdir(exist_ok=True)
    (site.folder / "conf/configuration.py").write_text(SETTINGS.format(site=site))
    return {"NETBOX_ROOT": str(site.folder)}


def serve(port: int) -> list[str]:
    """Start gunicorn; loaded before it forks, it starts in a seventh of the time."""
    workers = ["--preload", "--workers", "2", "--threads", "2", "--timeout", "300"]
    ending = ["--graceful-timeout", "1", "--no-control-socket"]
    return ["gunicorn", "netbox.wsgi", "--bind", f"127.0.0.1:{port}", *workers, *ending]


NETBOX = Product(
    kind="netbox",
    version="4.7.3",
    pythons=(12, 13, 14),
    manage="netbox",
    token=SecretStr("nbt_driftlinekey.driftline0driftline0driftline0driftline0"),
    scheme="Bearer",
    token_v1=SecretStr("5e0ddf1e5e0ddf1e5e0ddf1e5e0ddf1e5e0ddf1e"),
    configure=configure,
    serve=serve,
)
