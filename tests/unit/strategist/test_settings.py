"""Settings: what the environment may say."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr, ValidationError

from cio_strategist.domain.fleet.bot import Bot
from cio_strategist.errors import UsageError
from cio_strategist.settings import Settings, shown, variables
from tests.unit.strategist.secret_values import SECRET, TOKEN, TOTP_SECRET, value_of

DEFAULTS: dict[str, Any] = {
    "REDIS_URL": "redis://127.0.0.1:6379/0",
    "NATS_URL": "nats://127.0.0.1:4222",
    "MONGODB_URI": None,
    "MONGODB_DATABASE": "petrosa",
    "USER": "",
    "STRATEGIST_HTTP_HOST": "127.0.0.1",
    "STRATEGIST_HTTP_PORT": 8080,
    "STRATEGIST_LOG_LEVEL": "INFO",
    "STRATEGIST_PRIMAL_FILE": None,
    "STRATEGIST_PRIMAL_APPROVERS": None,
    "STRATEGIST_TOTP_SECRET": None,
    "STRATEGIST_AGENT_LOOSENING": 0.2,
    "STRATEGIST_OPERATOR_LOOSENING": 2.0,
    "STRATEGIST_DRIFT_SECONDS": 10.0,
    "STRATEGIST_WRITES_PER_MINUTE": 30,
    "NATS_TOPIC_MARKET": "binance.websocket.data",
    "STRATEGIST_EXCHANGE_URL": "https://fapi.binance.com",
    "STRATEGIST_EXCHANGE_INFO_SECONDS": 300.0,
    "STRATEGIST_PRICE_POLL_SECONDS": 2.0,
    "STRATEGIST_FEED_FLUSH_MS": 200.0,
    "STRATEGIST_REGIME_SYMBOLS": ("BTCUSDT", "ETHUSDT"),
    "STRATEGIST_DATA_SERVICE_URL": None,
    "STRATEGIST_BOTS": (),
    "STRATEGIST_BOT_TIMEOUT_SECONDS": 5.0,
    "STRATEGIST_EXCHANGE_API_KEY": None,
    "STRATEGIST_EXCHANGE_API_SECRET": None,
    "STRATEGIST_PORTFOLIO_SECONDS": 5.0,
    "NATS_TOPIC_EXECUTION_EVENTS": "execution.events.>",
    "STRATEGIST_TOKEN": None,
    "STRATEGIST_MAX_BODY_BYTES": 262_144,
    "NATS_TOPIC_INTENTS": "cio.intent.>",
    "STRATEGIST_STREAM_REPLICAS": 1,
    "STRATEGIST_AUDIT_KEY_FILE": None,
    "STRATEGIST_AUDIT_PUBLIC_KEYS": (),
    "STRATEGIST_CHECKPOINT_RECORDS": 1000,
    "STRATEGIST_CHECKPOINT_SECONDS": 300.0,
    "STRATEGIST_RECONCILE_SECONDS": 60.0,
    "OTEL_TRACES_EXPORTER": None,
    "OTEL_EXPORTER_OTLP_ENDPOINT": None,
    "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": None,
    "OTEL_SDK_DISABLED": False,
    "STRATEGIST_SECRETS_DIR": None,
}
ADDRESSES = ("REDIS_URL", "NATS_URL", "MONGODB_URI")
PRIMAL_FILES = ("STRATEGIST_PRIMAL_FILE", "STRATEGIST_PRIMAL_APPROVERS")
REDIS_ADDRESSES = [
    "redis://localhost",
    "redis://localhost:6379",
    "redis://:s3cret@redis.trading.svc:6379/2",
    "rediss://user:s3c%2Fss@host:6380/0?ssl_cert_reqs=none",
    "redis://[::1]:6379/0",
    "unix:///run/redis.sock?db=1",
]
NATS_ADDRESSES = [
    "nats://localhost",
    "127.0.0.1:4222",
    "nats://user:s3c%40ret@a:4222,tls://b:4222, nats://[::1]:4222",
    "ws://nats.trading.svc:8080",
]
NO_NATS = [
    "http://host:4222",
    "nats://",
    "nats://u:s3c/ret@host",
    "nats://host:0",
    "nats://a,,nats://b",
    "nats://a/s3c",
]
MONGODB_ADDRESSES = [
    "mongodb://localhost",
    "mongodb://127.0.0.1:27017",
    "mongodb://user:s3c%40ret@a:27017,b:27018,c/petrosa?replicaSet=rs0&authSource=admin",
    "mongodb://[::1]:27017/",
    "mongodb://user@host/?directConnection=true",
    "mongodb://host?replicaSet=rs0",
    "mongodb://%2Ftmp%2Fmongodb-27017.sock/petrosa",
    "mongodb+srv://user:s3cret@cluster0.example.net/petrosa?retryWrites=true&w=majority",
    "mongodb+srv://cluster0.example.net",
]
NO_REDIS = [
    "localhost:6379",
    "http://:s3cret@host",
    "redis://:s3c/ret@host",
    "redis://:s3c#ret@host:1",
    "redis://s3cret:1/2@h",
    "redis://host:65536",
    "redis://host:0",
    "mongodb://host",
]
NO_MONGODB = [
    "localhost:27017",
    "redis://:s3cret@host",
    "mongodb://",
    "mongodb://user:s3c/ret@host",
    "mongodb://user:s3c@ret@host",
    "mongodb://user:s3c:ret@host",
    "mongodb://user:s3c#ret@host",
    "mongodb://user:s3c?ret@host",
    "mongodb://:s3cret@host",
    "mongodb://a,,b",
    "mongodb://a,",
    "mongodb://host:65536",
    "mongodb://host:s3c",
    "mongodb://host/petrosa/s3c",
    "mongodb://host/petrosa#s3c",
    "mongodb+srv://user:s3c@a.example.net:27017",
    "mongodb+srv://a.example.net,b.example.net",
    " mongodb://user:s3c@host",
    "mongodb://user:s3c@host\n",
]

Load = Callable[..., Settings]


def test_every_setting_and_its_default(load: Load) -> None:
    settings = load()
    assert {name: value_of(settings, name) for name in variables()} == DEFAULTS
    assert settings.operator == "operator"


def test_every_setting_is_described() -> None:
    assert all(field.description and field.description.endswith(".") for field in variables().values())


@pytest.mark.parametrize(
    ("variable", "written", "value"),
    [
        *(("REDIS_URL", address, address) for address in REDIS_ADDRESSES),
        *(("NATS_URL", address, address) for address in NATS_ADDRESSES),
        *(("MONGODB_URI", address, address) for address in MONGODB_ADDRESSES),
        ("NATS_TOPIC_MARKET", "a.b,c.>", "a.b,c.>"),
        ("STRATEGIST_EXCHANGE_URL", "http://127.0.0.1:41877/", "http://127.0.0.1:41877"),
        ("STRATEGIST_DATA_SERVICE_URL", "http://data-manager:80", "http://data-manager:80"),
        ("STRATEGIST_PRICE_POLL_SECONDS", "0", 0.0),
        ("STRATEGIST_REGIME_SYMBOLS", " BTCUSDT , SOLUSDT,BTCUSDT", ("BTCUSDT", "SOLUSDT")),
        ("STRATEGIST_REGIME_SYMBOLS", ",", ()),
        ("MONGODB_DATABASE", "petrosa_test-1", "petrosa_test-1"),
        ("USER", "anna", "anna"),
        ("STRATEGIST_HTTP_HOST", "0.0.0.0", "0.0.0.0"),
        ("STRATEGIST_HTTP_PORT", "0", 0),
        ("STRATEGIST_LOG_LEVEL", "DEBUG", "DEBUG"),
        ("STRATEGIST_TOTP_SECRET", TOTP_SECRET, TOTP_SECRET),
        (
            "STRATEGIST_TOTP_SECRET",
            "jbsw y3dp ehpk 3pxp jbsw y3dp ehpk 3pxp",
            "jbsw y3dp ehpk 3pxp jbsw y3dp ehpk 3pxp",
        ),
        ("STRATEGIST_AGENT_LOOSENING", "0", 0.0),
        ("STRATEGIST_OPERATOR_LOOSENING", "0.5", 0.5),
        ("STRATEGIST_DRIFT_SECONDS", "1", 1.0),
        ("STRATEGIST_WRITES_PER_MINUTE", "1", 1),
        ("STRATEGIST_BOTS", "ta=http://host:80", (Bot("ta", "http://host:80"),)),
        (
            "STRATEGIST_BOTS",
            " ta-bot = http://host:80/ ,realtime_2=https://[::1]:81/base,",
            (Bot("ta-bot", "http://host:80/"), Bot("realtime_2", "https://[::1]:81/base")),
        ),
        ("STRATEGIST_BOTS", " , ", ()),
        ("STRATEGIST_BOT_TIMEOUT_SECONDS", "0.5", 0.5),
        ("STRATEGIST_TOKEN", TOKEN, TOKEN),
        ("STRATEGIST_MAX_BODY_BYTES", "1024", 1024),
        ("NATS_TOPIC_INTENTS", "cio.intent.>,intent.>", "cio.intent.>,intent.>"),
        ("STRATEGIST_STREAM_REPLICAS", "3", 3),
        ("STRATEGIST_AUDIT_KEY_FILE", "/keys/audit.pem", Path("/keys/audit.pem")),
        ("STRATEGIST_AUDIT_PUBLIC_KEYS", "/a.pem, /b.pem", (Path("/a.pem"), Path("/b.pem"))),
        ("STRATEGIST_CHECKPOINT_RECORDS", "10", 10),
        ("STRATEGIST_CHECKPOINT_SECONDS", "0.5", 0.5),
        ("STRATEGIST_RECONCILE_SECONDS", "5", 5.0),
        ("OTEL_TRACES_EXPORTER", "console", "console"),
        ("OTEL_SDK_DISABLED", "true", True),
    ],
)
def test_every_setting_is_read_by_its_name(load: Load, variable: str, written: str, value: object) -> None:
    settings = load(**{variable: written})
    assert value_of(settings, variable) == value
    assert {name: value_of(settings, name) for name in variables()} == {**DEFAULTS, variable: value}


def test_the_operator_is_the_user_the_system_knows(load: Load) -> None:
    assert load(USER=" anna ").operator == "anna"


def test_an_empty_variable_is_as_good_as_none(load: Load) -> None:
    settings = load(**dict.fromkeys(DEFAULTS.keys() - {*ADDRESSES, *PRIMAL_FILES}, ""))
    assert {name: value_of(settings, name) for name in variables()} == DEFAULTS


@pytest.mark.parametrize("variable", PRIMAL_FILES)
def test_an_empty_name_of_a_primal_file_lifts_no_limits(problems: Callable[..., str], variable: str) -> None:
    assert problems(**{variable: ""}) == (
        f"{variable}: is empty, which would be laxer than any file: set it, or remove the variable"
    )


@pytest.mark.parametrize("variable", ADDRESSES)
def test_an_empty_address_is_no_reason_to_take_another(problems: Callable[..., str], variable: str) -> None:
    assert problems(**{variable: ""}) == (
        f"{variable}: must look like an address, and is empty: set it, or remove the variable"
    )


def test_variables_of_others_are_left_alone(load: Load) -> None:
    assert load(PATH="/bin", NURSE_HTTP_PORT="1", HTTP_PORT="2", TOKEN="x", BOTS="y", SECRETS_DIR="z").http_port == 8080


@pytest.mark.parametrize(
    ("name", "meant"),
    [("STRATEGIST_HTTP_PRT", "STRATEGIST_HTTP_PORT"), ("STRATEGIST_TOTP_SECRETS", "STRATEGIST_TOTP_SECRET")],
)
def test_an_unknown_variable_of_ours_stops_the_start(problems: Callable[..., str], name: str, meant: str) -> None:
    assert problems(**{name: "1"}) == f"{name}: there is no such setting; was {meant} meant?"


def test_an_unknown_variable_is_named_without_a_guess_where_nothing_is_near(problems: Callable[..., str]) -> None:
    assert problems(STRATEGIST_QQQQQQQQQQQQQQQQQQQQQQ="x").endswith("there is no such setting")


@pytest.mark.parametrize(
    ("variable", "written"),
    [
        *(("REDIS_URL", address) for address in NO_REDIS),
        *(("NATS_URL", address) for address in NO_NATS),
        ("NATS_TOPIC_MARKET", "binance data"),
        ("STRATEGIST_EXCHANGE_URL", "fapi.binance.com"),
        ("STRATEGIST_EXCHANGE_URL", "https://user:s3c@host"),
        ("STRATEGIST_EXCHANGE_INFO_SECONDS", "0"),
        ("STRATEGIST_FEED_FLUSH_MS", "9"),
        ("STRATEGIST_REGIME_SYMBOLS", "btcusdt"),
        ("STRATEGIST_DATA_SERVICE_URL", "data-manager:80"),
        *(("MONGODB_URI", address) for address in NO_MONGODB),
        ("MONGODB_DATABASE", "a.b"),
        ("MONGODB_DATABASE", "a" * 64),
        ("STRATEGIST_HTTP_PORT", "65536"),
        ("STRATEGIST_HTTP_PORT", "-1"),
        ("STRATEGIST_HTTP_PORT", "http"),
        ("STRATEGIST_LOG_LEVEL", "info"),
        ("STRATEGIST_TOTP_SECRET", "s3cret"),
        ("STRATEGIST_TOTP_SECRET", "JBSWY3DPEHPK3PXP"),
        ("STRATEGIST_AGENT_LOOSENING", "-0.1"),
        ("STRATEGIST_AGENT_LOOSENING", "nan"),
        ("STRATEGIST_AGENT_LOOSENING", "inf"),
        ("STRATEGIST_OPERATOR_LOOSENING", "1e999"),
        ("STRATEGIST_OPERATOR_LOOSENING", "20%"),
        ("STRATEGIST_DRIFT_SECONDS", "0"),
        ("STRATEGIST_DRIFT_SECONDS", "nan"),
        ("STRATEGIST_WRITES_PER_MINUTE", "0"),
        ("STRATEGIST_BOTS", "ta"),
        ("STRATEGIST_BOTS", "=http://host"),
        ("STRATEGIST_BOTS", "ta="),
        ("STRATEGIST_BOTS", "ta=host:80"),
        ("STRATEGIST_BOTS", "ta=ftp://host"),
        ("STRATEGIST_BOTS", "ta=http://user:s3c@host"),
        ("STRATEGIST_BOTS", "http://user:s3c=ret@host"),
        ("STRATEGIST_BOTS", "ta=http://host?token=s3c"),
        ("STRATEGIST_BOTS", "ta=http://host#s3c"),
        ("STRATEGIST_BOTS", "ta=http://host:65536"),
        ("STRATEGIST_BOTS", "ta=http://a,TA=http://b"),
        ("STRATEGIST_BOTS", "t__a=http://a"),
        ("STRATEGIST_BOTS", "t a=http://a"),
        ("STRATEGIST_BOTS", '{"ta": "http://a"}'),
        ("STRATEGIST_BOT_TIMEOUT_SECONDS", "0"),
        ("STRATEGIST_TOKEN", "s3cret"),
        ("STRATEGIST_TOKEN", f"{TOKEN}x"),
        ("STRATEGIST_MAX_BODY_BYTES", "1023"),
        ("NATS_TOPIC_INTENTS", "two words"),
        ("STRATEGIST_STREAM_REPLICAS", "2"),
        ("STRATEGIST_CHECKPOINT_RECORDS", "0"),
        ("STRATEGIST_RECONCILE_SECONDS", "0"),
        ("OTEL_TRACES_EXPORTER", "zipkin"),
    ],
)
def test_a_value_that_cannot_be_used_stops_the_start_and_is_not_repeated(
    problems: Callable[..., str], variable: str, written: str
) -> None:
    text = problems(**{variable: written})
    assert text.startswith(f"{variable}: ")
    assert SECRET not in text


def test_addresses_say_how_they_must_look(problems: Callable[..., str]) -> None:
    text = problems(REDIS_URL="x", MONGODB_URI="y")
    assert "REDIS_URL: must look like redis://host:6379/0" in text
    assert "MONGODB_URI: must look like mongodb://user:password@host:27017" in text


def test_all_problems_are_listed_at_once(problems: Callable[..., str]) -> None:
    text = problems(STRATEGIST_HTTP_PRT="1", STRATEGIST_LOG_LEVEL="loud", MONGODB_URI="")
    assert [part.split(":")[0] for part in text.split("; ") if part.startswith(("STRAT", "MONGO"))] == [
        "STRATEGIST_HTTP_PRT",
        "MONGODB_URI",
        "STRATEGIST_LOG_LEVEL",
    ]


@pytest.mark.parametrize(
    ("variable", "written"),
    [
        *(("REDIS_URL", address) for address in REDIS_ADDRESSES),
        *(("NATS_URL", address) for address in NATS_ADDRESSES),
        *(("MONGODB_URI", address) for address in MONGODB_ADDRESSES),
        ("STRATEGIST_TOKEN", TOKEN),
        ("STRATEGIST_TOTP_SECRET", TOTP_SECRET),
    ],
)
def test_secrets_are_never_shown(load: Load, variable: str, written: str) -> None:
    settings = load(**{variable: written})
    attribute = next(name for name, field in Settings.model_fields.items() if field.alias == variable)
    for text in (shown(getattr(settings, attribute)), repr(settings), str(settings), settings.model_dump_json()):
        assert SECRET not in text
        assert TOTP_SECRET not in text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (SecretStr("mongodb://u:pw@a:1,b:2/petrosa?tags=x:y,z:w&key=pw"), "mongodb://***@a:1,b:2/petrosa?***"),
        (SecretStr("mongodb+srv://u:p@w@host/petrosa"), "mongodb+srv://***@host/petrosa"),
        (SecretStr("redis://host/0?password=pw"), "redis://host/0?***"),
        (SecretStr("unix://u:pw@/run/redis.sock"), "unix://***@/run/redis.sock"),
        (SecretStr(TOTP_SECRET), "***"),
        (SecretStr(""), ""),
        ((Bot("ta", "http://a:80/"), Bot("rt", "http://b")), "ta=http://a:80,rt=http://b"),
        ((), ""),
        (None, ""),
        (8080, "8080"),
    ],
)
def test_how_values_are_shown(value: object, text: str) -> None:
    assert shown(value) == text


def test_settings_cannot_be_changed(load: Load) -> None:
    with pytest.raises(ValidationError, match="frozen"):
        load().user = "somebody"


@pytest.mark.parametrize("name", ["STRATEGIST_EXCHANGE_API_KEY", "STRATEGIST_EXCHANGE_API_SECRET"])
@pytest.mark.parametrize("value", ["two words", "line\nbreak", "schlüssel"])
def test_a_key_that_no_header_can_carry_is_refused_without_being_shown(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(UsageError, match=name) as raised:
        Settings.load()
    assert value not in str(raised.value)
