"""The process `cio-strategist`, as an operator runs it, with a gate that follows it."""

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from redis import Redis
from typer.testing import CliRunner

from cio_strategist import policy_cli
from cio_strategist.__main__ import app
from devstack import DevStack
from tests.integration.command_line import CommandLine
from tests.integration.nurse.gate import Gate, ServiceProcess
from tests.integration.nurse.polling import eventually_blocking
from tests.primal import make_folder

pytestmark = pytest.mark.servers

GLOBAL = "/api/v1/policy/scopes/global"
SECONDS = 20.0


class Strategist(ServiceProcess):
    """One `cio-strategist` with an operator's token."""

    program = "cio-strategist"
    port_variable = "STRATEGIST_HTTP_PORT"
    token = ""

    def ask(
        self, method: str, path: str, *, headers: dict[str, str] | None = None, **content: object
    ) -> httpx.Response:
        """Send a request with the operator's token."""
        sent = {"Authorization": f"Bearer {self.token}", **(headers or {})}
        return httpx.request(method, f"{self.url}{path}", headers=sent, json=content or None, timeout=SECONDS)

    def patch(self, parameters: dict[str, object], **headers: str) -> httpx.Response:
        """Change global parameters."""
        return self.ask("PATCH", GLOBAL, headers=headers, parameters=parameters, reason="a test asked for it")


@pytest.fixture(scope="module")
def stack() -> Iterator[DevStack]:
    with DevStack() as stack:
        yield stack


@pytest.fixture
def redis(stack: DevStack) -> Iterator[Redis]:
    with Redis.from_url(stack.redis.url, decode_responses=True) as client:
        client.flushall()
        yield client


@pytest.fixture
def settings(stack: DevStack, request: pytest.FixtureRequest) -> dict[str, str]:
    """A database for each test, and drift found quickly."""
    return {
        **stack.environment(),
        "MONGODB_DATABASE": f"test_{abs(hash(request.node.name))}",
        "STRATEGIST_DRIFT_SECONDS": "0.3",
        "STRATEGIST_WRITES_PER_MINUTE": "10000",
    }


@pytest.fixture
def token(settings: dict[str, str], redis: Redis) -> str:
    cli = CommandLine(policy_cli.app, settings)
    return cli.done("token", "create", "anna", "--class", "operator").strip()


@pytest.fixture
def new_strategist(settings: dict[str, str], token: str) -> Iterator[Callable[..., Strategist]]:
    made: list[Strategist] = []

    def make(**more: str) -> Strategist:
        strategist = Strategist({**settings, **more})
        strategist.token = token
        made.append(strategist)
        return strategist

    yield make
    for strategist in made:
        strategist.close()


@pytest.fixture
def strategist(new_strategist: Callable[..., Strategist]) -> Strategist:
    return new_strategist().start_ready()


@pytest.fixture
def gate(stack: DevStack, strategist: Strategist) -> Iterator[Gate]:
    gate = Gate(stack.environment())
    yield gate.start_ready()
    gate.close()


def wait_for_epoch(gate: Gate, epoch: int) -> None:
    eventually_blocking(lambda: (gate.readiness()[1]["epoch"] or 0) >= epoch, seconds=SECONDS, what=f"epoch {epoch}")


def shown(redis: Redis) -> dict[str, object] | None:
    text = redis.hget("cio:policy", "global")
    return None if text is None else json.loads(text)["parameters"]


def test_starting_the_authority_gives_the_gates_a_policy(gate: Gate) -> None:
    assert gate.mode == "ACTIVE"


def test_primal_limits_are_told_at_the_start_and_bound_what_is_set(
    new_strategist: Callable[..., Strategist], tmp_path: Path
) -> None:
    folder = make_folder(tmp_path)
    folder.sign("alice", "bob")
    strategist = new_strategist(STRATEGIST_PRIMAL_FILE=str(folder.limits)).start_ready()
    assert strategist.readiness()[1]["primal"]["signers"] == ["alice", "bob"]
    assert len(strategist.events("primal_limits_loaded")) == 1
    assert strategist.metric("cio_strategist_primal_signed") == 1
    answer = strategist.patch({"leverage": 21})
    assert (answer.status_code, answer.json()["code"]) == (422, "PRIMAL_LIMIT")
    assert strategist.ask("PUT", "/api/v1/primal", leverage=125).status_code == 403
    records = strategist.ask("GET", "/api/v1/audit?subject=refusal").json()["records"]
    assert [(record["scope"], record["caller"]) for record in records] == [("primal", "anna"), ("global", "anna")]
    assert strategist.patch({"leverage": 20}).status_code == 200


def test_an_authority_whose_file_cannot_be_believed_holds_the_built_in_limits_and_one_without_says_so(
    new_strategist: Callable[..., Strategist], tmp_path: Path
) -> None:
    folder = make_folder(tmp_path)
    strategist = new_strategist(STRATEGIST_PRIMAL_FILE=str(folder.limits)).start_ready()
    primal = strategist.readiness()[1]["primal"]
    assert (primal["source"], primal["revision"]) == ("built-in", 0)
    assert len(strategist.events("primal_limits_built_in")) == 1
    assert strategist.patch({"leverage": 11}).json()["code"] == "PRIMAL_LIMIT"
    without = new_strategist().start_ready()
    assert without.readiness()[1]["primal"] == {"source": "off"}
    assert len(without.events("primal_limits_not_configured")) == 1


def test_a_change_is_in_force_at_the_gate(strategist: Strategist, gate: Gate, redis: Redis) -> None:
    answer = strategist.patch({"leverage": 5})
    assert answer.status_code == 200, answer.text
    enforcement = answer.json()["enforcement"]
    assert enforcement["enforced"]
    wait_for_epoch(gate, enforcement["epoch"])
    assert shown(redis) == {"leverage": 5}


def test_a_change_while_redis_is_away_stands_and_is_carried_on_when_it_is_back(
    strategist: Strategist, stack: DevStack, gate: Gate, redis: Redis
) -> None:
    stack.redis.stop()
    try:
        answer = strategist.patch({"leverage": 5})
        assert answer.status_code == 200, answer.text
        assert not answer.json()["enforcement"]["enforced"]
        assert "not enforced yet" in answer.json()["enforcement"]["message"]
        assert strategist.readiness()[0] == 503
    finally:
        stack.redis.start()
    eventually_blocking(lambda: strategist.readiness()[0] == 200, seconds=SECONDS, what="Redis is up to date")
    assert shown(redis) == {"leverage": 5}
    wait_for_epoch(gate, int(redis.get("cio:policy:epoch") or 0))


def test_what_was_changed_by_hand_is_put_right_and_reported(strategist: Strategist, redis: Redis) -> None:
    strategist.patch({"leverage": 5})
    layer = json.loads(redis.hget("cio:policy", "global") or "")
    redis.hset("cio:policy", "global", json.dumps({**layer, "parameters": {"leverage": 100}}))
    eventually_blocking(lambda: shown(redis) == {"leverage": 5}, seconds=SECONDS, what="drift is repaired")
    eventually_blocking(lambda: strategist.events("projection_drift"), seconds=SECONDS, what="drift is reported")
    eventually_blocking(
        lambda: strategist.metric("cio_strategist_projection_drift_fields_total") >= 1, what="it is counted"
    )


def test_a_redis_that_lost_everything_is_filled_again(strategist: Strategist, gate: Gate, redis: Redis) -> None:
    strategist.patch({"leverage": 5})
    redis.flushall()
    eventually_blocking(lambda: shown(redis) == {"leverage": 5}, seconds=SECONDS, what="Redis is rebuilt")


def test_without_mongodb_at_the_start_reads_come_from_redis_and_writes_are_refused(
    strategist: Strategist, new_strategist: Callable[..., Strategist], stack: DevStack
) -> None:
    strategist.patch({"leverage": 5})
    strategist.terminate()
    stack.mongo.stop()
    try:
        lonely = new_strategist().start()
        read = lonely.ask("GET", GLOBAL)
        assert read.status_code == 200, read.text
        assert read.json()["parameters"] == {"leverage": 5}
        assert read.json()["source"]["name"] == "redis"
        written = lonely.patch({"leverage": 4})
        assert written.status_code == 503
        assert written.headers["content-type"] == "application/problem+json"
    finally:
        stack.mongo.start()
    eventually_blocking(
        lambda: lonely.patch({"leverage": 4}).status_code == 200, seconds=SECONDS, what="MongoDB is back"
    )


def test_of_many_writers_on_one_version_one_wins_through_whichever_process(
    strategist: Strategist, new_strategist: Callable[..., Strategist]
) -> None:
    other = new_strategist().start_ready()
    doors = [strategist, other]

    def write(number: int) -> int:
        return doors[number % 2].patch({"max_daily_trades": number + 1}, **{"If-Match": '"0"'}).status_code

    with ThreadPoolExecutor(8) as pool:
        statuses = sorted(pool.map(write, range(8)))
    assert statuses == [200] + [412] * 7
    history = strategist.ask("GET", f"{GLOBAL}/history").json()
    assert [record["version"] for record in history["records"]] == [1]


def test_writers_without_a_version_get_one_each_without_gaps(strategist: Strategist) -> None:
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda number: strategist.patch({"take_profit_pct": number + 1}), range(12)))
    assert sorted(answer.json()["version"] for answer in answers) == list(range(1, 13))


def test_it_ends_well_when_told_to(strategist: Strategist) -> None:
    assert strategist.terminate() == 0
    assert strategist.events()[-1]["event"] == "stopped"
    assert strategist.complaints == []


@pytest.mark.parametrize(
    ("arguments", "more", "code", "words"),
    [
        (["--roles", "janitor"], {}, 2, "'janitor' is not a role"),
        ([], {"MONGODB_URI": None}, 2, "MONGODB_URI is not set"),
        ([], {"STRATEGIST_HTP_PORT": "1"}, 2, "STRATEGIST_HTTP_PORT meant"),
        ([], {"STRATEGIST_HTTP_HOST": "203.0.113.1"}, 1, "cannot serve on 203.0.113.1"),
        (["--help"], {}, 0, "STRATEGIST_AGENT_LOOSENING"),
        (["settings"], {}, 0, "STRATEGIST_DRIFT_SECONDS"),
        (["--version"], {}, 0, "cio-strategist 0."),
    ],
)
def test_wrong_usage_is_explained(
    settings: dict[str, str], arguments: list[str], more: dict[str, str | None], code: int, words: str
) -> None:
    environment = {name: value for name, value in {**settings, **more}.items() if value is not None}
    result = CliRunner().invoke(
        app, arguments, env={**environment, "MONGODB_URI": environment.get("MONGODB_URI")}, prog_name="cio-strategist"
    )
    assert result.exit_code == code, result.output
    assert words in result.output
