import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from devstack import DevStack
from tests.integration.devstack.processes import eventually, is_gone

pytestmark = pytest.mark.servers

STARTS_A_STACK = """
import json, os, time
from devstack import DevStack
with DevStack({arguments}) as stack:
    {before}
    print(json.dumps({{"folder": str(stack.folder), "pids": [server.pid for server in stack.servers]}}), flush=True)
    {then}
"""


def start_program(*, then: str, arguments: str = "", before: str = "pass"):
    program = STARTS_A_STACK.format(arguments=arguments, before=before, then=then)
    process = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None
    told = json.loads(process.stdout.readline())
    assert Path(told["folder"]).is_dir()
    return process, told


def everything_goes(told: dict) -> bool:
    return eventually(lambda: all(map(is_gone, told["pids"])) and not Path(told["folder"]).exists())


def test_a_program_killed_with_sigkill_leaves_no_server_and_no_folder() -> None:
    process, told = start_program(then="time.sleep(600)")
    with process:
        assert len(told["pids"]) == 3
        process.send_signal(signal.SIGKILL)
        assert everything_goes(told)


def test_an_exchange_ends_with_the_program_that_was_killed_even_while_requests_hang() -> None:
    hang = "stack.exchange.control.outage('hang')"
    arguments = "nats=False, redis=False, mongo=False, exchange=True"
    process, told = start_program(arguments=arguments, before=hang, then="time.sleep(600)")
    with process:
        assert len(told["pids"]) == 1
        process.send_signal(signal.SIGKILL)
        assert everything_goes(told)


def test_a_program_killed_while_its_servers_are_paused_leaves_nothing() -> None:
    process, told = start_program(arguments="mongo=False", before="stack.redis.pause()", then="time.sleep(600)")
    with process:
        process.send_signal(signal.SIGKILL)
        assert everything_goes(told)


def test_a_program_killed_after_its_servers_leaves_no_folder() -> None:
    process, told = start_program(arguments="mongo=False, nats=False", then="stack.redis.kill(); time.sleep(600)")
    with process:
        assert eventually(lambda: is_gone(told["pids"][0]))
        process.send_signal(signal.SIGKILL)
        assert everything_goes(told)


def test_a_forked_child_that_outlives_the_program_does_not_keep_the_servers() -> None:
    fork = "child = os.fork() or (time.sleep(600), os._exit(0))"
    told_child = "print(child, flush=True); time.sleep(600)"
    process, told = start_program(arguments="mongo=False", before=fork, then=told_child)
    with process:
        assert process.stdout is not None
        child = int(process.stdout.readline())
        process.send_signal(signal.SIGKILL)
        gone = everything_goes(told)
        assert not is_gone(child)
        os.kill(child, signal.SIGKILL)
        assert gone


def test_an_exception_in_the_program_ends_the_servers_and_removes_the_folder() -> None:
    told = {}

    def program() -> None:
        with DevStack(mongo=False) as stack:
            told.update(folder=stack.folder, pids=[server.pid for server in stack.servers])
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        program()
    assert all(map(is_gone, told["pids"]))
    assert not told["folder"].exists()


def test_two_stacks_do_not_collide() -> None:
    with DevStack(mongo=False) as first, DevStack(mongo=False) as second:
        assert first.folder != second.folder
        assert set(first.environment()) == {"NATS_URL", "REDIS_URL"}
        assert not set(first.environment().values()) & set(second.environment().values())
        first.redis.stop()
        assert second.redis.probe()


def test_a_stack_can_be_started_again() -> None:
    stack = DevStack(nats=False, mongo=False)
    with stack:
        before = stack.folder
    with stack:
        assert stack.redis.running
        assert stack.folder != before
