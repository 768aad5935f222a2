"""Gives a program that imports diffsync driftline's engine instead: imported by a `sitecustomize`."""

from __future__ import annotations

import importlib
import sys

MODULES = (
    "",
    ".diff",
    ".enum",
    ".exceptions",
    ".helpers",
    ".logging",
    ".store",
    ".store.local",
    ".store.redis",
    ".utils",
)

for module in MODULES:
    sys.modules[f"diffsync{module}"] = importlib.import_module(f"driftline.engine{module}")
