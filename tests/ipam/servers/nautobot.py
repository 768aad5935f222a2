"""Nautobot: its settings, and how it is started."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import SecretStr

from .product import Product, Site

if TYPE_CHECKING:
    from collections.abc import Mapping

# The two names of natural keys are pinned as its documentation advises for speed: unless they are, every row that
# is rendered asks the database for them.
SETTINGS = """\
from nautobot.core.settings import *

ALLOWED_HOSTS = ["127.0.0.1"]
SECRET_KEY = "only-for-tests-on-the-loopback-address-of-a-single-machine-00"
INSTALLATION_METRICS_ENABLED = False
DEVICE_UNIQUENESS = "location_tenant_name"
LOCATION_NAME_AS_NATURAL_KEY = False
DATABASES["default"].update(
    ENGINE="django.db.backends.postgresql",
    NAME="{site.database}",
    USER="postgres",
    HOST="127.0.0.1",
    PORT="{site.database_port}",
    CONN_HEALTH_CHECKS=True,
)
CELERY_BROKER_URL = "redis://127.0.0.1:{site.redis_port}/{site.caches[0]}"
CACHES["default"]["LOCATION"] = "redis://127.0.0.1:{site.redis_port}/{site.caches[1]}"
"""


def configure(site: Site) -> Mapping[str, str]:
    """Write the settings file."""
    file = site.folder / "nautobot_config.py"
    file.write_text(SETTINGS.format(site=site))
    return {"NAUTOBOT_ROOT": str(site.folder), "NAUTOBOT_CONFIG": str(file)}


def serve(port: int) -> list[str]:
    """Start uWSGI with its HTTP router, without which it resets connections that are used again."""
    router = ["--http", f"127.0.0.1:{port}", "--http-keepalive"]
    workers = ["--master", "--die-on-term", "--processes", "2", "--threads", "2", "--need-app"]
    return ["nautobot-server", "start", *router, *workers]


NAUTOBOT = Product(
    kind="nautobot",
    version="3.2.7",
    pythons=(11, 12, 13),
    manage="nautobot-server",
    token=SecretStr("5e0ddf1e5e0ddf1e5e0ddf1e5e0ddf1e5e0ddf1e"),
    scheme="Token",
    token_v1=None,
    configure=configure,
    serve=serve,
)
