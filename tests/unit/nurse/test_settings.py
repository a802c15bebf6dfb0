import re
import tempfile
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr, ValidationError

from cio_decision.freshness import Input
from cio_nurse.errors import SettingsError
from cio_nurse.settings import Settings, load, shown, variables
from petrosa_contracts.portfolio import SETTLE_SECONDS

DEFAULTS: dict[str, Any] = {
    "NATS_URL": "nats://127.0.0.1:4222",
    "REDIS_URL": "redis://127.0.0.1:6379/0",
    "NATS_TOPIC_INTENTS": "cio.intent.>",
    "NATS_TOPIC_SIGNALS": "signals.trading",
    "NATS_TOPIC_HEARTBEAT": "cio.heartbeat",
    "NATS_TOPIC_EXECUTION_EVENTS": "execution.events.>",
    "NURSE_ENGINE_DIALECT": "classic",
    "NURSE_HTTP_HOST": "127.0.0.1",
    "NURSE_HTTP_PORT": 8080,
    "NURSE_LOG_LEVEL": "INFO",
    "NURSE_HEARTBEAT_SECONDS": 10.0,
    "NURSE_DECISION_DEADLINE_MS": 50.0,
    "NURSE_CLOCK_TOLERANCE_SECONDS": 2.0,
    "NURSE_MAX_ORDERS_PER_SECOND": None,
    "NURSE_LANE_CAPACITY": 1000,
    "NURSE_QUEUE_CAPACITY": 4000,
    "NURSE_MAX_PAYLOAD_BYTES": 65_536,
    "NURSE_MAX_PAYLOAD_DEPTH": 16,
    "NURSE_POLICY_MAX_AGE_SECONDS": 5.0,
    "NURSE_POLICY_HARD_AGE_SECONDS": 3600.0,
    "NURSE_INPUTS": (),
    "NURSE_MARKET_MAX_AGE_SECONDS": 5.0,
    "NURSE_MARKET_HARD_AGE_SECONDS": 15.0,
    "NURSE_REGIME_MAX_AGE_SECONDS": 7200.0,
    "NURSE_REGIME_HARD_AGE_SECONDS": 21_600.0,
    "NURSE_PORTFOLIO_MAX_AGE_SECONDS": 10.0,
    "NURSE_PORTFOLIO_HARD_AGE_SECONDS": 60.0,
    "NURSE_RESERVATION_SECONDS": 90.0,
    "NURSE_PRICE_BAND_PCT": 5,
    "NURSE_DRAWDOWN_LIMIT_PCT": 20,
    "NURSE_PRIMAL_FILE": None,
    "NURSE_PRIMAL_APPROVERS": None,
    "NURSE_AUDIT": "auto",
    "NURSE_AUDIT_DEADLINE_MS": 100.0,
    "NURSE_JOURNAL_FOLDER": Path(tempfile.gettempdir()) / "cio-nurse",
    "NURSE_JOURNAL_MAX_BYTES": 67_108_864,
    "OTEL_TRACES_EXPORTER": None,
    "OTEL_EXPORTER_OTLP_ENDPOINT": None,
    "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": None,
    "OTEL_SDK_DISABLED": False,
    "NURSE_SILENT_HALT_SECONDS": 300.0,
    "NURSE_SILENT_HALT_ENTRIES": 10,
    "NURSE_DRAIN_SECONDS": 10.0,
}


def value_of(settings: Settings, variable: str) -> Any:
    attribute = next(name for name, field in Settings.model_fields.items() if field.alias == variable)
    value = getattr(settings, attribute)
    return value.get_secret_value() if isinstance(value, SecretStr) else value


def problems(**environment: str) -> str:
    with pytest.raises(SettingsError) as refused:
        load(environment)
    return str(refused.value)


def test_every_setting_and_its_default() -> None:
    settings = load({})
    assert set(variables()) == DEFAULTS.keys() | {"NURSE_INSTANCE"}
    assert {name: value_of(settings, name) for name in DEFAULTS} == DEFAULTS
    assert re.fullmatch(r".+-\d+", settings.instance)


def test_every_setting_is_described() -> None:
    assert all(field.description and field.description.endswith(".") for field in variables().values())


@pytest.mark.parametrize(
    ("variable", "written", "value"),
    [
        ("NATS_URL", "nats://a:4222,nats://b:4222", "nats://a:4222,nats://b:4222"),
        ("REDIS_URL", "rediss://cache/3", "rediss://cache/3"),
        ("NATS_TOPIC_INTENTS", "cio.intent.>,intent.>", "cio.intent.>,intent.>"),
        ("NATS_TOPIC_INTENTS", "cio.intent.trading", "cio.intent.trading"),
        ("NATS_TOPIC_SIGNALS", "signals.live", "signals.live"),
        ("NATS_TOPIC_SIGNALS", "signals.trading.>", "signals.trading"),
        ("NATS_TOPIC_SIGNALS", "signals.trading.*", "signals.trading"),
        ("NATS_TOPIC_SIGNALS", " signals.trading ", "signals.trading"),
        ("NATS_TOPIC_HEARTBEAT", "fleet.pulse", "fleet.pulse"),
        ("NURSE_ENGINE_DIALECT", "governed", "governed"),
        ("NURSE_INSTANCE", "nurse-a", "nurse-a"),
        ("NURSE_HTTP_HOST", "0.0.0.0", "0.0.0.0"),
        ("NURSE_HTTP_PORT", "0", 0),
        ("NURSE_LOG_LEVEL", "DEBUG", "DEBUG"),
        ("NURSE_HEARTBEAT_SECONDS", "0.5", 0.5),
        ("NURSE_DECISION_DEADLINE_MS", "100", 100.0),
        ("NURSE_CLOCK_TOLERANCE_SECONDS", "0", 0.0),
        ("NURSE_MAX_ORDERS_PER_SECOND", "10", 10),
        ("NURSE_LANE_CAPACITY", "10", 10),
        ("NURSE_QUEUE_CAPACITY", "10", 10),
        ("NURSE_MAX_PAYLOAD_BYTES", "256", 256),
        ("NURSE_MAX_PAYLOAD_DEPTH", "2", 2),
        ("NURSE_POLICY_MAX_AGE_SECONDS", "2", 2.0),
        ("NURSE_POLICY_HARD_AGE_SECONDS", "60", 60.0),
        ("NURSE_INPUTS", "market", (Input.MARKET,)),
        ("NURSE_INPUTS", " portfolio, regime ,", (Input.PORTFOLIO, Input.REGIME)),
        ("NURSE_MARKET_MAX_AGE_SECONDS", "1", 1.0),
        ("NURSE_MARKET_HARD_AGE_SECONDS", "60", 60.0),
        ("NURSE_REGIME_MAX_AGE_SECONDS", "3600", 3600.0),
        ("NURSE_REGIME_HARD_AGE_SECONDS", "7200", 7200.0),
        ("NURSE_PORTFOLIO_MAX_AGE_SECONDS", "15", 15.0),
        ("NURSE_PORTFOLIO_HARD_AGE_SECONDS", "12", 12.0),
        ("NURSE_RESERVATION_SECONDS", "120", 120.0),
        ("NURSE_PRICE_BAND_PCT", "2.5", Decimal("2.5")),
        ("NURSE_DRAWDOWN_LIMIT_PCT", "100", Decimal(100)),
        ("NURSE_PRIMAL_FILE", "/etc/primal/limits.toml", Path("/etc/primal/limits.toml")),
        ("NURSE_PRIMAL_APPROVERS", "/etc/approvers", Path("/etc/approvers")),
        ("NURSE_DRAIN_SECONDS", "1", 1.0),
    ],
)
def test_every_setting_is_read_by_its_name(variable: str, written: str, value: object) -> None:
    assert value_of(load({variable: written}), variable) == value


def test_an_empty_variable_is_as_good_as_none() -> None:
    settings = load(dict.fromkeys(variables().keys() - {"NURSE_PRIMAL_FILE", "NURSE_PRIMAL_APPROVERS"}, ""))
    assert {name: value_of(settings, name) for name in DEFAULTS} == DEFAULTS


@pytest.mark.parametrize("variable", ["NURSE_PRIMAL_FILE", "NURSE_PRIMAL_APPROVERS"])
def test_an_empty_name_of_a_primal_file_stops_the_start_instead_of_lifting_the_limits(variable: str) -> None:
    with pytest.raises(SettingsError, match=f"{variable}: is empty"):
        load({variable: ""})


def test_the_environment_of_the_process_is_read_where_none_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NURSE_HTTP_PORT", "9090")
    monkeypatch.setenv("NURSE_LANE_CAPACITY", "")
    assert (load().http_port, load().lane_capacity) == (9090, 1000)


def test_the_environment_of_the_process_does_not_leak_into_one_that_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NURSE_HTTP_PORT", "9090")
    assert load({}).http_port == 8080


def test_variables_of_others_are_left_alone() -> None:
    assert load({"PATH": "/bin", "STRATEGIST_ROLES": "x", "NATS_USER": "x", "nurse_http_port": "1"}).http_port == 8080


@pytest.mark.parametrize(
    ("name", "meant"),
    [("NURSE_HTTP_PRT", "NURSE_HTTP_PORT"), ("NURSE_LOGLEVEL", "NURSE_LOG_LEVEL"), ("NURSE_http_port", None)],
)
def test_an_unknown_variable_of_ours_stops_the_start(name: str, meant: str | None) -> None:
    text = problems(**{name: "1"})
    assert f"{name}: there is no such setting" in text
    assert meant is None or f"was {meant} meant?" in text


def test_an_unknown_variable_is_named_without_a_guess_where_nothing_is_near() -> None:
    assert problems(NURSE_QQQQQQQQQQQQQQQQ="x").endswith("there is no such setting")


@pytest.mark.parametrize(
    ("variable", "written"),
    [
        ("NATS_TOPIC_SIGNALS", "signals trading"),
        ("NATS_TOPIC_SIGNALS", "signals..trading"),
        ("NATS_TOPIC_SIGNALS", "a,b"),
        ("NATS_TOPIC_SIGNALS", "*"),
        ("NATS_TOPIC_SIGNALS", ">"),
        ("NATS_TOPIC_SIGNALS", "signals.*.trading"),
        ("NATS_TOPIC_SIGNALS", ".>"),
        ("NATS_TOPIC_HEARTBEAT", "cio heartbeat"),
        ("NATS_TOPIC_INTENTS", "cio.>.intent"),
        ("NATS_TOPIC_INTENTS", "cio intent"),
        ("NATS_TOPIC_INTENTS", ","),
        ("NURSE_ENGINE_DIALECT", "Classic"),
        ("NURSE_HTTP_PORT", "65536"),
        ("NURSE_HTTP_PORT", "-1"),
        ("NURSE_HTTP_PORT", "http"),
        ("NURSE_LOG_LEVEL", "info"),
        ("NURSE_HEARTBEAT_SECONDS", "0"),
        ("NURSE_HEARTBEAT_SECONDS", "nan"),
        ("NURSE_DECISION_DEADLINE_MS", "0"),
        ("NURSE_MAX_ORDERS_PER_SECOND", "0"),
        ("NURSE_LANE_CAPACITY", "9"),
        ("NURSE_MAX_PAYLOAD_BYTES", "255"),
        ("NURSE_POLICY_MAX_AGE_SECONDS", "inf"),
        ("NURSE_POLICY_HARD_AGE_SECONDS", "1e999"),
        ("NURSE_DRAIN_SECONDS", "nan"),
        ("NURSE_MARKET_MAX_AGE_SECONDS", "0"),
        ("NURSE_RESERVATION_SECONDS", "0.5"),
        ("NURSE_PRICE_BAND_PCT", "0"),
        ("NURSE_PRICE_BAND_PCT", "101"),
        ("NURSE_DRAWDOWN_LIMIT_PCT", "nan"),
        ("NURSE_DRAWDOWN_LIMIT_PCT", "-1"),
    ],
)
def test_a_value_that_cannot_be_used_stops_the_start_and_is_named(variable: str, written: str) -> None:
    assert problems(**{variable: written}).startswith(f"{variable}: ")


def test_an_input_that_does_not_exist_stops_the_start_with_those_that_do() -> None:
    text = problems(NURSE_INPUTS="market,weather")
    assert text.startswith("NURSE_INPUTS.1: ")
    assert all(name in text for name in ("market", "regime", "portfolio"))


@pytest.mark.parametrize("name", ["MARKET", "REGIME", "PORTFOLIO"])
def test_what_is_lost_before_it_is_stale_stops_the_start(name: str) -> None:
    stale, hard = f"NURSE_{name}_MAX_AGE_SECONDS", f"NURSE_{name}_HARD_AGE_SECONDS"
    assert problems(**{stale: "9", hard: "8.5"}).startswith(f"{hard}: 8.5 is below {stale}, which is 9")
    assert load({stale: "9", hard: "9"})


def test_a_portfolio_older_than_reservations_last_is_never_used() -> None:
    portfolio = {"NURSE_INPUTS": "portfolio"}
    longest = SETTLE_SECONDS - 2 * 2
    assert load({**portfolio, "NURSE_PORTFOLIO_HARD_AGE_SECONDS": str(longest)})
    text = problems(**portfolio, NURSE_PORTFOLIO_HARD_AGE_SECONDS=str(longest + 1))
    assert text.startswith("NURSE_PORTFOLIO_HARD_AGE_SECONDS: 87, with twice the clock tolerance of 2, is above 90, ")
    text = problems(**portfolio, NURSE_RESERVATION_SECONDS="63")
    assert text.startswith("NURSE_PORTFOLIO_HARD_AGE_SECONDS: 60, with twice the clock tolerance of 2, is above 63, ")
    assert load({"NURSE_RESERVATION_SECONDS": "63"})


def test_all_problems_are_listed_at_once() -> None:
    text = problems(NURSE_HTTP_PRT="1", NURSE_LOG_LEVEL="loud", NATS_TOPIC_SIGNALS="a b")
    assert len(text.splitlines()) == 3


@pytest.mark.parametrize(
    "environment",
    [
        {"NATS_TOPIC_INTENTS": "signals.>"},
        {"NATS_TOPIC_INTENTS": "signals.trading"},
        {"NATS_TOPIC_INTENTS": "signals"},
        {"NATS_TOPIC_INTENTS": "cio.>"},
        {"NATS_TOPIC_INTENTS": "cio.*.momentum_v1"},
        {"NATS_TOPIC_INTENTS": ">"},
        {"NATS_TOPIC_INTENTS": "*.heartbeat"},
        {"NATS_TOPIC_INTENTS": "cio.*"},
        {"NATS_TOPIC_INTENTS": "intent.>,cio.heartbeat"},
        {"NATS_TOPIC_SIGNALS": "cio.intent.approved"},
        {"NATS_TOPIC_HEARTBEAT": "cio.intent.pulse"},
    ],
)
def test_a_gate_that_would_hear_itself_does_not_start(environment: dict[str, str]) -> None:
    assert problems(**environment).startswith("NATS_TOPIC_INTENTS: ")


@pytest.mark.parametrize(
    "intents", ["cio.intent.>", "intent.>", "cio.intent", "cio.intent.trading.*", "a.trading", "cio.heartbeat.*"]
)
def test_subjects_that_only_look_alike_are_no_echo(intents: str) -> None:
    assert load({"NATS_TOPIC_INTENTS": intents, "NATS_TOPIC_SIGNALS": "signals.trading"})


SECRET = "s3cret"
NATS_ADDRESSES = [
    f"nats://user:{SECRET}@host:4222",
    f"nats://{SECRET}@host:4222",
    f"tls://user:p@{SECRET}@host:4222",
    f"nats://user:{SECRET}@a:4222,nats://user:{SECRET}@host:4222",
    f"user:{SECRET}@host:4222",
]
REDIS_ADDRESSES = [
    f"redis://:{SECRET}@host:6379/0",
    f"rediss://user:{SECRET}@host:6379/0",
    f"redis://:p@{SECRET}@host:6379/0",
    f"redis://:{SECRET},p@host:6379/0",
    f"redis://host:6379/0?password={SECRET}",
    f"unix://user:{SECRET}@/run/host.sock",
]
NOT_ADDRESSES = [
    f"redis://:p/{SECRET}@host:6379/0",
    f"redis://:p?{SECRET}@host:6379/0",
    f"redis://:p#{SECRET}@host:6379/0",
    f"redis://:p://{SECRET}@host:6379/0",
    f"http://user:{SECRET}@host",
    f"redis://host:{SECRET}",
    SECRET,
]


@pytest.mark.parametrize(
    ("variable", "address"),
    [("NATS_URL", address) for address in NATS_ADDRESSES] + [("REDIS_URL", address) for address in REDIS_ADDRESSES],
)
def test_credentials_are_never_shown(variable: str, address: str) -> None:
    settings = load({variable: address})
    both = [shown(settings.nats_url), shown(settings.redis_url)]
    for text in (*both, repr(settings), str(settings)):
        assert SECRET not in text
    assert any("host" in text for text in both)


@pytest.mark.parametrize(
    ("variable", "address"),
    [("REDIS_URL", address) for address in (*NOT_ADDRESSES, "redis://", "redis://host:0")]
    + [("NATS_URL", address) for address in (*NOT_ADDRESSES[:-1], ",", " , ", "nats://", "nats://a,nats://:x@y:z")],
)
def test_what_is_no_address_stops_the_start_and_is_not_repeated(variable: str, address: str) -> None:
    text = problems(**{variable: address})
    assert text.startswith(f"{variable}: ")
    assert SECRET not in text


@pytest.mark.parametrize("address", NOT_ADDRESSES)
def test_credentials_are_hidden_even_in_what_is_no_address(address: str) -> None:
    assert "@" not in address or SECRET not in shown(SecretStr(address))


def test_credentials_are_not_repeated_beside_other_problems() -> None:
    assert SECRET not in problems(NATS_URL=NATS_ADDRESSES[0], REDIS_URL=REDIS_ADDRESSES[0], NURSE_HTTP_PORT="x")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (SecretStr("nats://user:pw@host:4222"), "nats://***@host:4222"),
        (SecretStr("nats://a:4222,nats://b:4222"), "nats://a:4222,nats://b:4222"),
        (SecretStr("nats://u:p,w@a,tls://u:p,w@b,c"), "nats://***@a,tls://***@b,c"),
        (SecretStr("redis://host/0?password=pw"), "redis://host/0?***"),
        (None, ""),
        (8080, "8080"),
        ((), ""),
        ((Input.MARKET, Input.REGIME), "market,regime"),
        ("signals.trading", "signals.trading"),
    ],
)
def test_how_values_are_shown(value: object, text: str) -> None:
    assert shown(value) == text


def test_settings_do_not_change() -> None:
    with pytest.raises(ValidationError):
        load({}).http_port = 1


@pytest.mark.parametrize(
    ("environment", "exporters"),
    [
        ({}, ()),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4318"}, ("otlp",)),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://collector:4318/v1/traces"}, ("otlp",)),
        ({"OTEL_TRACES_EXPORTER": "otlp, console"}, ("otlp", "console")),
        ({"OTEL_TRACES_EXPORTER": "none", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4318"}, ()),
        ({"OTEL_SDK_DISABLED": "true", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4318"}, ()),
    ],
)
def test_traces_go_where_the_standard_variables_say(environment: dict[str, str], exporters: tuple[str, ...]) -> None:
    assert load(environment).exporters == exporters


def test_an_exporter_that_is_not_there_is_named() -> None:
    assert "zipkin: choose of otlp, console, none" in problems(OTEL_TRACES_EXPORTER="zipkin")


def test_no_temporary_folder_is_needed_where_nothing_is_writable(monkeypatch: pytest.MonkeyPatch) -> None:
    def none() -> str:
        raise FileNotFoundError("No usable temporary directory found")

    monkeypatch.setattr("tempfile.gettempdir", none)
    assert load({}).journal_folder == Path.cwd() / "cio-nurse"
