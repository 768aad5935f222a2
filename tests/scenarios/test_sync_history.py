"""A sync that has been: whose it is to go on with."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from driftline.engine import Plan
from driftline.engine.plan import Target
from driftline.runs.journal import JournalError
from driftline.settings import Settings
from driftline.state import open_journal
from driftline.sync_history import resume

if TYPE_CHECKING:
    from pathlib import Path


def test_a_sync_under_way_is_left_to_its_process(tmp_path: Path) -> None:
    """Nobody else ends it, and it still can be resumed when its process has died."""
    settings = Settings(state_dir=tmp_path)
    made = Plan(source="devices", target=Target("netbox", "netbox https://ipam"), inputs="", steps=())
    with open_journal(settings) as journal:
        run = journal.begin("sync", plan=made.to_json(), plan_id=made.id)
    with pytest.raises(JournalError, match="under way"):
        resume(run.id, settings)
    with open_journal(settings) as journal:
        assert not journal.run(run.id).ended
