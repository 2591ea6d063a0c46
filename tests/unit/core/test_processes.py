"""A recorded process is told from a later one with its pid, from a zombie, and from one of another machine."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from cyberpunk_ai.core.processes import has_ended, host_of, is_here, this_host, this_process
from tests.waiting import until

pytestmark = pytest.mark.skipif(not os.path.exists("/proc/self/stat"), reason="start times come from /proc")


def test_this_process_has_not_ended() -> None:
    assert is_here(this_process())
    assert not has_ended(this_process())


def test_a_later_process_with_the_same_pid_is_another_one() -> None:
    host, pid, started = this_process().split(":")
    assert has_ended(f"{host}:{pid}:{int(started) - 1}")


def test_a_killed_process_has_ended_even_before_its_parent_has_reaped_it() -> None:
    child = subprocess.Popen(
        [sys.executable, "-c", "from cyberpunk_ai.core.processes import this_process; print(this_process(), flush=True); input()"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert child.stdout is not None
    process = child.stdout.readline().strip()
    assert not has_ended(process)
    child.kill()
    until(lambda: has_ended(process), "the zombie counts as ended")
    child.communicate()
    assert has_ended(process)


@pytest.mark.parametrize("process", [None, "", "host:12", "elsewhere:1:5", f"{this_host()}:x:5", f"{this_host()}:1:"])
def test_only_a_process_of_this_machine_can_be_checked(process: str | None) -> None:
    assert not is_here(process)
    assert not has_ended(process)


def test_the_host_is_named_for_people() -> None:
    assert host_of("db-7/4026531836:12:99") == "db-7"
    assert host_of(None) == "an unknown host"
