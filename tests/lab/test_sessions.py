"""Configuration sessions as NAPALM uses them: candidate, commit, timer, confirm, rollback."""

from __future__ import annotations

import itertools
import time
from types import SimpleNamespace

import pytest
from napalm.base.exceptions import (
    CommitError,
    MergeConfigException,
    ReplaceConfigException,
    SessionLockedException,
)
from pyeapi.eapilib import CommandError

CHANGE = "interface Ethernet3\n   description repaired\n   no shutdown\n"


def test_merge_is_only_a_candidate_until_committed(leaf, driver):
    """Loading and comparing leave the running configuration alone."""
    before = leaf.running_config
    driver.load_merge_candidate(config=CHANGE)
    assert before == leaf.running_config
    assert (
        " !\n interface Ethernet3\n-   shutdown\n+   description repaired\n !\n interface Ethernet4"
        in driver.compare_config()
    )
    driver.commit_config()
    assert "interface Ethernet3\n   description repaired\n!" in leaf.running_config
    assert leaf.running_config == leaf.startup_config
    assert (leaf.counters.sessions_opened, leaf.counters.commits, leaf.counters.aborts) == (1, 1, 0)


def test_diff_has_the_header_of_eos(leaf, driver):
    """The driver cuts two lines off, so there have to be two."""
    driver.load_merge_candidate(config="hostname other")
    command = f"show session-config named {driver.config_session} diffs"
    lines = driver._run_commands([command], encoding="text")[0]["output"].splitlines()
    assert lines[:2] == ["--- system:/running-config", f"+++ session:/{driver.config_session}-session-config"]
    assert "-hostname leaf1" in lines
    assert "+hostname other" in lines


def test_replace_with_the_own_text_changes_nothing(leaf, driver):
    """What the device prints is what it would be."""
    driver.load_replace_candidate(config=driver.get_config(retrieve="running")["running"])
    assert driver.compare_config() == ""
    driver.discard_config()


def test_replace(leaf, driver):
    """Everything that the new text doesn't mention is gone, but the ports stay."""
    driver.load_replace_candidate(config="hostname bare\ninterface Ethernet1\n   description only\n")
    driver.commit_config()
    ports = "".join(f"interface Ethernet{n}\n!\n" for n in range(2, 6))
    expected = f"hostname bare\n!\ninterface Ethernet1\n   description only\n!\n{ports}interface Management1\n!\nend\n"
    assert expected == leaf.running_config


def test_discard(leaf, driver):
    """An aborted session leaves no trace."""
    before = leaf.running_config
    driver.load_merge_candidate(config=CHANGE)
    driver.discard_config()
    assert (before, {}, 1) == (leaf.running_config, leaf.sessions, leaf.counters.aborts)


@pytest.mark.parametrize(
    ("line", "load", "error"),
    [
        ("mtu abc", "load_merge_candidate", MergeConfigException),
        ("switchport access vlan 5000", "load_replace_candidate", ReplaceConfigException),
    ],
)
def test_bad_line_is_refused_and_nothing_changed(leaf, driver, line, load, error):
    """The lines ahead of the bad one are gone with their session."""
    before = leaf.running_config
    with pytest.raises(error, match="failed: invalid command"):
        getattr(driver, load)(config=f"interface Ethernet2\n   description new\n   {line}\n")
    assert (before, {}) == (leaf.running_config, leaf.sessions)


def test_revert_in_runs_out(leaf, driver, clock):
    """An unconfirmed commit is undone by the device itself, to the byte."""
    before = leaf.running_config
    driver.load_merge_candidate(config=CHANGE)
    driver.commit_config(revert_in=60)
    assert driver.has_pending_commit()
    assert driver._get_pending_commits() == {driver.config_session: 60}
    assert "repaired" in leaf.running_config
    clock.advance(59)
    assert "repaired" in leaf.running_config
    clock.advance(2)
    assert before == leaf.running_config
    assert not driver.has_pending_commit()
    assert leaf.counters.timer_reverts == 1
    with pytest.raises(CommitError):
        driver.confirm_commit()
    driver.close()


def test_confirm(leaf, driver, clock):
    """A confirmed commit stays and is saved."""
    driver.load_merge_candidate(config=CHANGE)
    driver.commit_config(revert_in=60)
    assert "repaired" not in leaf.startup_config
    driver.confirm_commit()
    clock.advance(3600)
    assert "repaired" in leaf.running_config
    assert leaf.running_config == leaf.startup_config
    assert (
        leaf.counters.timed_commits,
        leaf.counters.confirms,
        leaf.counters.commits,
        leaf.counters.timer_reverts,
    ) == (1, 1, 0, 0)


def test_closing_the_driver_takes_a_pending_commit_back(leaf, driver):
    """The driver aborts its session when it is closed, and the device reverts at once."""
    before = leaf.running_config
    driver.load_merge_candidate(config=CHANGE)
    driver.commit_config(revert_in=60)
    driver.close()
    assert before == leaf.running_config


def test_rollback_of_a_pending_commit(leaf, driver):
    """The driver aborts, the device restores what ran before."""
    before = leaf.running_config
    driver.load_merge_candidate(config=CHANGE)
    driver.commit_config(revert_in=60)
    driver.rollback()
    assert before == leaf.running_config


def test_rollback_restores_the_startup_configuration(leaf, driver):
    """Unsaved changes of others are lost as well: a trap of the driver, shown as it is."""
    saved = leaf.startup_config
    leaf.change("interface Ethernet2", "description unsaved")
    driver.load_merge_candidate(config=CHANGE)
    driver.commit_config()
    assert "unsaved" in leaf.startup_config
    driver.rollback()
    assert saved == leaf.running_config == leaf.startup_config


def test_rollback_without_a_file(driver):
    """There is nothing to go back to before the first commit."""
    with pytest.raises(CommandError, match="No such file"):
        driver.rollback()


def test_foreign_session_locks(leaf, driver, connect, monkeypatch):
    """A session that somebody else edits keeps the driver waiting, then failing."""
    connect(leaf).load_merge_candidate(config="vlan 99")
    ticks = itertools.count()
    fake = SimpleNamespace(
        time=lambda: next(ticks), sleep=lambda _: None, strftime=time.strftime, gmtime=time.gmtime
    )
    monkeypatch.setattr("napalm.eos.eos.time", fake)
    with pytest.raises(SessionLockedException):
        driver.load_merge_candidate(config=CHANGE)


def test_only_one_timer_runs(leaf, connect):
    """While a timed commit waits for its confirmation nobody else may commit."""
    first, second = connect(leaf), connect(leaf)
    first.load_merge_candidate(config=CHANGE)
    first.commit_config(revert_in=60)
    second.load_merge_candidate(config="vlan 99")
    with pytest.raises(CommitError):
        second.commit_config(revert_in=60)
    with pytest.raises(CommandError, match="pending commit timer"):
        second.commit_config()
    first.confirm_commit()
    second.commit_config()
    assert "vlan 99" in leaf.running_config
    assert "repaired" in leaf.running_config


def test_commit_merges_what_others_did_meanwhile(leaf, driver):
    """The session's commands are applied to what runs now, not to what ran when it was opened."""
    driver.load_merge_candidate(config=CHANGE)
    leaf.change("interface Ethernet2", "description meanwhile")
    driver.commit_config()
    assert "meanwhile" in leaf.running_config
    assert "repaired" in leaf.running_config


def test_commit_that_does_not_fit_any_more(leaf, driver):
    """A conflict with what others did shows at the commit, and nothing is applied."""
    driver.load_merge_candidate(config="interface Ethernet5\n   ip address 10.77.0.1/24\n")
    leaf.change("interface Loopback9", "ip address 10.77.0.9/32")
    before = leaf.running_config
    with pytest.raises(CommandError, match="overlaps"):
        driver.commit_config()
    assert before == leaf.running_config


def test_number_of_pending_sessions_is_limited(leaf, driver):
    """The sixth session is refused."""
    for number in range(5):
        driver._run_commands([f"configure session s{number}", "end"])
    with pytest.raises(CommandError, match="Maximum number of pending sessions"):
        driver._run_commands(["configure session s5", "end"])
    driver._run_commands(["configure session s0 abort"])
    driver._run_commands(["configure session s5", "end"])


def test_finished_sessions_are_forgotten_in_time(leaf, driver):
    """The device keeps the last few completed sessions."""
    for number in range(8):
        driver._run_commands([f"configure session s{number}", f"vlan {100 + number}", "end"])
        driver._run_commands([f"configure session s{number} commit"])
    assert {f"s{number}": "completed" for number in range(3, 8)} == leaf.sessions
    with pytest.raises(CommandError, match="already completed"):
        driver._run_commands(["configure session s7", "end"])


@pytest.mark.parametrize("verb", ["commit", "abort", "commit timer 00:05:00"])
def test_unknown_session(driver, verb):
    """Nothing can be done with a session that isn't there."""
    with pytest.raises(CommandError, match="does not exist"):
        driver._run_commands([f"configure session nobody {verb}"])


@pytest.mark.parametrize("timer", ["60", "00:00:00", "1:2"])
def test_bad_timer(leaf, driver, timer):
    """A timer is hours, minutes and seconds."""
    driver._run_commands(["configure session s", "vlan 99", "end"])
    with pytest.raises(CommandError, match="invalid command"):
        driver._run_commands([f"configure session s commit timer {timer}"])
    assert leaf.sessions == {"s": "pending"}


def test_timer_can_be_started_anew(leaf, driver, clock):
    """A second timed commit of the same session gives more time."""
    driver._run_commands(
        ["configure session s", "vlan 99", "end", "configure session s commit timer 00:01:00"]
    )
    clock.advance(50)
    driver._run_commands(["configure session s commit timer 00:01:00"])
    clock.advance(50)
    assert "vlan 99" in leaf.running_config
    clock.advance(11)
    assert "vlan 99" not in leaf.running_config


def test_direct_configuration(leaf, driver):
    """`configure` changes the running configuration line by line, up to the bad one."""
    with pytest.raises(CommandError):
        driver._run_commands(["configure", "interface et2", "description direct", "mtu abc", "shutdown"])
    assert "description direct" in leaf.running_config
    assert "interface Ethernet2\n   description direct\n   switchport" in leaf.running_config
    assert leaf.startup_config != leaf.running_config


def test_session_in_pieces(leaf, driver):
    """A session can be left, entered again and committed from within."""
    driver._run_commands(
        ["configure session s", "interface Ethernet2", "description one", "exit", "vlan 77", "end"]
    )
    driver._run_commands(["configure session s", "hostname two", "show version", "commit"])
    assert "description one" in leaf.running_config
    assert "hostname two" in leaf.running_config
    driver._run_commands(["configure session t", "hostname three", "abort"])
    assert "hostname two" in leaf.running_config
    assert leaf.sessions == {"s": "completed"}


def test_banner_and_comments_round_trip(leaf, driver):
    """Banners go as input, mode comments as a command of their own; the text comes back the same."""
    text = "banner login\nBeware of the leopard\nSecond line\nEOF\n"
    comments = "router bgp 65001\n   !! first remark\n   !! second remark\n   timers bgp 5 15\n"
    driver.load_merge_candidate(config=text + comments)
    driver.commit_config()
    assert "banner login\nBeware of the leopard\nSecond line\nEOF\n!" in leaf.running_config
    assert "router bgp 65001\n   !! first remark\n   !! second remark\n   router-id" in leaf.running_config
    driver.load_replace_candidate(config=leaf.running_config)
    assert driver.compare_config() == ""
