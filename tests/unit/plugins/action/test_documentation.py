"""What is documented is what the action plugins accept."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import pytest
import yaml

PLUGINS = "ansible_collections.driftline.network.plugins"
FOLDER = Path(import_module(f"{PLUGINS}.plugin_utils.engine").__file__).parents[1]
ACTIONS = sorted(file.stem for file in (FOLDER / "action").glob("[!_]*.py"))
FRAGMENTS = import_module(f"{PLUGINS}.doc_fragments.common").ModuleDocFragment


def documented(name: str) -> dict:
    """Return the options of a module, those of its fragments too."""
    own = yaml.safe_load(import_module(f"{PLUGINS}.modules.{name}").DOCUMENTATION)
    options = dict(own.get("options", {}))
    for fragment in own.get("extends_documentation_fragment", []):
        part = fragment.removeprefix("driftline.network.common").lstrip(".") or "documentation"
        options |= yaml.safe_load(getattr(FRAGMENTS, part.upper())).get("options", {})
    return options


def declared(options: dict) -> dict:
    """Return what both sides say of options."""
    said = ("type", "required", "default", "choices", "elements")
    return {name: {key: spec[key] for key in said if key in spec} for name, spec in options.items()}


def test_every_action_has_its_module_and_every_module_its_action():
    assert sorted(file.stem for file in (FOLDER / "modules").glob("[!_]*.py")) == ACTIONS


@pytest.mark.parametrize("name", ACTIONS)
def test_the_options_are_the_documented_ones(name: str):
    action = import_module(f"{PLUGINS}.action.{name}").ActionModule
    assert declared(action.argument_spec) == declared(documented(name))


def test_defaults_of_the_group_are_for_every_module():
    groups = yaml.safe_load((FOLDER.parent / "meta" / "runtime.yml").read_text(encoding="utf-8"))[
        "action_groups"
    ]
    assert sorted(groups["network"]) == [f"driftline.network.{name}" for name in ACTIONS]
