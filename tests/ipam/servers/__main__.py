"""Servers for a developer: `python -m tests.ipam.servers up [--kind netbox] [--seed large]`, until Ctrl-C."""

from __future__ import annotations

import argparse
import json
import signal
import sys
import time
from typing import TYPE_CHECKING

from . import KINDS, SEEDS, FailedError, Peers, UnavailableError

if TYPE_CHECKING:
    from collections.abc import Sequence


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.ipam.servers", description=__doc__)
    parser.add_argument("command", choices=["up"])
    parser.add_argument("--kind", choices=KINDS, help="one kind alone")
    parser.add_argument("--seed", choices=SEEDS, default="small")
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        serve([arguments.kind] if arguments.kind else KINDS, arguments.seed)
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
    except (FailedError, UnavailableError) as reason:
        sys.exit(str(reason))


def serve(kinds: Sequence[str], seed: str) -> None:
    """Print a line of JSON for each server, and wait until we are stopped."""
    with Peers() as peers:
        peers.prepare(kinds)
        for kind in kinds:
            try:
                server = peers.serve(kind, SEEDS[seed])
            except UnavailableError as reason:
                print(f"no {kind}: {reason}", file=sys.stderr)
                continue
            facts = {"kind": kind, "seed": seed, "url": server.url, "token": server.token.get_secret_value()}
            print(json.dumps(facts), flush=True)
        while True:
            time.sleep(3600)


if __name__ == "__main__":
    main()
