"""The command line: help, version, settings, and starts that cannot succeed."""

import socket
import subprocess
import sys
from collections.abc import Sequence
from importlib.metadata import version

import pytest
from redis import Redis

from tests.integration.nurse.fleet import Bus, Engine, intent
from tests.integration.nurse.gate import PROGRAMS, environment_of
from tests.integration.nurse.polling import eventually

pytestmark = pytest.mark.servers

SECRET = "s3cret-w0rd"


def run(
    *arguments: str, program: Sequence[str] = (str(PROGRAMS / "cio-nurse"),), **settings: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*program, *arguments],
        env={**environment_of(settings), "COLUMNS": "200"},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def test_help_lists_every_setting() -> None:
    done = run("--help")
    assert done.returncode == 0
    for name in ("NATS_URL", "REDIS_URL", "NATS_TOPIC_INTENTS", "NURSE_HTTP_PORT", "NURSE_DECISION_DEADLINE_MS"):
        assert name in done.stdout
    assert done.stderr == ""


def test_the_module_is_the_same_command() -> None:
    as_module = run("--version", program=(sys.executable, "-m", "cio_nurse"))
    assert (as_module.returncode, as_module.stderr) == (0, "")
    assert as_module.stdout == run("--version").stdout == f"cio-nurse {version('cio-nurse')}\n"


def test_an_unknown_setting_stops_the_start_and_names_the_one_meant() -> None:
    done = run(NURSE_HTP_PORT="0", NURSE_HEARTBEAT_SECONDS="-1")
    assert done.returncode == 2
    assert "NURSE_HTP_PORT: there is no such setting; was NURSE_HTTP_PORT meant?" in done.stderr
    assert "NURSE_HEARTBEAT_SECONDS" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("topic", ["cio.>", "cio.intent.>,*.trading"])
def test_topics_on_which_the_gate_would_hear_itself_stop_the_start(topic: str) -> None:
    done = run("settings", NATS_TOPIC_INTENTS=topic)
    assert done.returncode == 2
    assert "NATS_TOPIC_INTENTS" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("nats_url", "redis_url"),
    [
        (f"nats://a:{SECRET}@one:4222,b:p@{SECRET}@two:4222", f"rediss://redis.example:6379/0?password={SECRET}"),
        (f"bot:{SECRET}@nats.example:4222", f"unix://user:{SECRET}@/run/redis.sock?db=1"),
        (f"nats://{SECRET}@nats.example:4222", f"redis://:p@{SECRET}@redis.example:6379/0"),
    ],
)
def test_the_settings_command_hides_credentials(nats_url: str, redis_url: str) -> None:
    done = run("settings", NATS_URL=nats_url, REDIS_URL=redis_url)
    assert done.returncode == 0, done.stderr
    assert SECRET not in done.stdout + done.stderr
    assert ":4222" in done.stdout
    assert "redis.example" in done.stdout or "/run/redis.sock" in done.stdout


@pytest.mark.parametrize(
    ("nats_url", "redis_url"),
    [
        (f"nats://bot:pa#{SECRET}@localhost:4222", f"redis://:pa#{SECRET}@localhost:6379"),
        ("nats://localhost:port", "localhost:6379"),
    ],
)
def test_addresses_that_cannot_be_read_stop_the_start_without_being_shown(nats_url: str, redis_url: str) -> None:
    done = run(NURSE_HTTP_PORT="0", NATS_URL=nats_url, REDIS_URL=redis_url)
    assert done.returncode == 2, done.stderr
    assert "NATS_URL" in done.stderr
    assert "REDIS_URL" in done.stderr
    assert "Traceback" not in done.stderr
    assert SECRET not in done.stdout + done.stderr


def test_a_port_in_use_is_said_in_one_sentence() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = run(NURSE_HTTP_PORT=str(port))
    assert done.returncode == 1
    assert f"cannot serve HTTP on 127.0.0.1:{port}" in done.stderr
    assert "NURSE_HTTP_PORT" in done.stderr
    assert "Traceback" not in done.stdout + done.stderr


async def test_the_port_is_named_whatever_the_log_level(new_gate, bus: Bus, engine: Engine) -> None:
    gate = new_gate(NURSE_LOG_LEVEL="ERROR").start_ready()
    assert (await bus.ask(intent(confidence=0.1))).verdict == "vetoed"
    assert gate.terminate() == 0
    assert [event["event"] for event in gate.events()] == ["http_listening"]


async def test_credentials_never_reach_the_log(stack, new_gate, bus: Bus, engine: Engine) -> None:
    with Redis.from_url(stack.redis.url) as client:
        client.execute_command("ACL", "SETUSER", "gate", "on", f">{SECRET}", "~*", "&*", "+@all")
    gate = new_gate(
        NATS_URL=stack.nats.url.replace("//", f"//bot:{SECRET}@"),
        REDIS_URL=stack.redis.url.replace("//", f"//gate:{SECRET}@"),
        NURSE_LOG_LEVEL="DEBUG",
    ).start_ready()
    assert (await bus.ask(intent())).approved
    with Redis.from_url(stack.redis.url) as client:
        client.execute_command("ACL", "DELUSER", "gate")
    await gate.in_mode("CONSERVATIVE")
    assert (await bus.ask(intent())).approved
    assert gate.terminate() == 0
    assert SECRET not in "".join([*gate.lines, *gate.complaints])


async def test_a_wrong_password_is_said_without_showing_it(stack, new_gate) -> None:
    gate = new_gate(REDIS_URL=stack.redis.url.replace("//", f"//nobody:{SECRET}@"), NURSE_LOG_LEVEL="DEBUG").start()
    await eventually(
        lambda: [
            event for event in gate.events() if "WRONGPASS" in str(event).upper() or "password" in str(event).lower()
        ]
    )
    assert gate.readiness()[0] == 503
    assert gate.terminate() == 0
    assert SECRET not in "".join([*gate.lines, *gate.complaints])
