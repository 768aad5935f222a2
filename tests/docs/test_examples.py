"""The examples of README and docs are run as they stand.

A block after `<!-- file: PATH -->` is written to PATH. A `console` block is run line by line; what a command
prints must be what stands below it, where `...` stands for anything. A `python` block is run as a script. A page
with `<!-- needs: routers -->` is run by `make test-lab`, on a machine that can run them.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from driftline.lab.frr import why_not

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
BLOCK = re.compile(
    r"(?:<!-- file: (?P<file>\S+) -->\n)?```(?P<kind>\w*)\n(?P<text>.*?)^```$", re.DOTALL | re.MULTILINE
)
LINK = re.compile(r"\]\((?!https?:)([^)#]+)")


def runnable(page: Path) -> list[re.Match[str]]:
    """Return the blocks of a page that are run or written."""
    return [
        block
        for block in BLOCK.finditer(page.read_text())
        if block["file"] or block["kind"] in ("console", "python")
    ]


def skip_without_routers() -> None:
    """Skip a test that needs routers, with the reason."""
    if "DRIFTLINE_TEST_LAB" not in os.environ:
        pytest.skip("routers are started by `make test-lab` only")
    reason = why_not()
    if reason is not None:
        pytest.skip(f"no routers here: {reason.code} {reason.message}; {reason.hint}")


def run_shell(text: str, folder: Path, environment: dict[str, str]) -> None:
    """Run a console block, and compare what is printed."""
    for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
        command, _, expected = part.partition("\n")
        if command.startswith("export "):
            name, _, value = command.removeprefix("export ").partition("=")
            environment[name] = value
            continue
        answer = subprocess.run(
            command, shell=True, cwd=folder, env=environment, capture_output=True, text=True, timeout=120, check=False
        )  # fmt: skip
        printed = answer.stdout + answer.stderr
        pattern = re.escape(expected.strip()).replace(re.escape("..."), ".*?")
        assert re.fullmatch(pattern, printed.strip(), re.DOTALL), (
            f"$ {command}\n{printed}\ninstead of\n{expected}"
        )


@pytest.mark.parametrize("page", [page for page in PAGES if runnable(page)], ids=lambda page: page.name)
def test_the_examples_of_a_page_run(page: Path, tmp_path: Path) -> None:
    """Every example of the page does what the page says, in a fresh folder."""
    if "<!-- needs: routers -->" in page.read_text():
        skip_without_routers()
    environment = {name: value for name, value in os.environ.items() if not name.startswith("DRIFTLINE_")}
    environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{environment['PATH']}"
    collection = tmp_path / ".collections" / "ansible_collections" / "driftline" / "network"
    collection.parent.mkdir(parents=True)
    collection.symlink_to(ROOT)
    environment["ANSIBLE_COLLECTIONS_PATH"] = str(tmp_path / ".collections")
    try:
        for block in runnable(page):
            if block["file"]:
                file = tmp_path / block["file"]
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(block["text"])
            elif block["kind"] == "console":
                run_shell(block["text"], tmp_path, environment)
            else:
                script = tmp_path / "example.py"
                script.write_text(block["text"])
                subprocess.run(
                    [sys.executable, "-W", "error", str(script)],
                    cwd=tmp_path,
                    env=environment,
                    check=True,
                    timeout=120,
                )
    finally:
        if (tmp_path / ".driftline/lab.sock").exists():
            subprocess.run(["driftline", "lab", "down"], cwd=tmp_path, env=environment, check=False)
        if (tmp_path / ".driftline/frr/lab.json").exists():
            subprocess.run(["driftline", "lab", "frr", "down"], cwd=tmp_path, env=environment, check=False)


@pytest.mark.parametrize("page", [*PAGES, ROOT / "CONTRIBUTING.md"], ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    """Every link to a file of the repository leads to one."""
    missing = [link for link in LINK.findall(page.read_text()) if not (page.parent / link).exists()]
    assert missing == []
