"""Settings of the strategist and of its command line tools. The only reader of the environment."""

import difflib
import os
import warnings
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Literal, Self, cast

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationError
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict
from pydantic_settings.exceptions import SettingsError

from cio_strategist import setting_values
from cio_strategist.addresses import (
    mongodb_address,
    nats_addresses,
    redis_address,
    web_address,
    without_secrets,
)
from cio_strategist.domain.fleet.bot import Bot
from cio_strategist.errors import UsageError
from petrosa_contracts.runtime.otel_export import TraceSettings
from petrosa_contracts.subjects import EXECUTION_EVENTS, INTENTS, MARKET

PREFIX = "STRATEGIST_"
"""What the names of our own variables begin with; one of them that does not exist stops the start."""
SECRETS_DIR = "STRATEGIST_SECRETS_DIR"


class StrategistSettings(BaseSettings):
    """The strategist's own settings, and the addresses and subjects that it shares with others."""

    model_config = SettingsConfigDict(
        frozen=True, extra="forbid", hide_input_in_errors=True, allow_inf_nan=False, env_ignore_empty=True
    )

    redis_url: Annotated[SecretStr, AfterValidator(redis_address)] = Field(
        default=SecretStr("redis://127.0.0.1:6379/0"),
        alias="REDIS_URL",
        description="Redis that the gates read policy and control from; may hold a password.",
    )
    nats_url: Annotated[SecretStr, AfterValidator(nats_addresses)] = Field(
        default=SecretStr("nats://127.0.0.1:4222"),
        alias="NATS_URL",
        description="NATS servers, comma separated; for every role but gateway. May hold a password.",
    )
    mongodb_uri: Annotated[SecretStr, AfterValidator(mongodb_address)] | None = Field(
        default=None,
        alias="MONGODB_URI",
        description="MongoDB that keeps policy, its history and the audit chain; may hold a password. "
        "Unset: cio-policy works straight on Redis, without history, proposals and budgets.",
    )
    mongodb_database: str = Field(
        default="petrosa",
        pattern=r"^[A-Za-z0-9_-]{1,63}$",
        alias="MONGODB_DATABASE",
        description="Database in it, unless the address names one.",
    )
    user: str = Field(default="", alias="USER", description="Who signs changes when --by is not given.")
    http_host: str = Field(
        default="127.0.0.1",
        alias="STRATEGIST_HTTP_HOST",
        description="Address that HTTP and MCP are served on; 0.0.0.0 in a container.",
    )
    http_port: int = Field(
        default=8080, ge=0, le=65535, alias="STRATEGIST_HTTP_PORT", description="Its port; 0 takes a free one, printed."
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        default="INFO", alias="STRATEGIST_LOG_LEVEL", description="Changes are INFO, refusals and trouble above."
    )
    primal_file: Path | None = Field(
        default=None,
        alias="STRATEGIST_PRIMAL_FILE",
        description="File of the primal limits, with its signatures beside it: what is set beyond them is refused. "
        "Without its quorum the built-in tightest limits hold. Unset: no primal limits.",
    )
    primal_approvers: Path | None = Field(
        default=None,
        alias="STRATEGIST_PRIMAL_APPROVERS",
        description="List of those who may sign it; unset: allowed_signers beside the file. Better a place that "
        "whoever writes the file cannot write.",
    )
    totp_secret: Annotated[SecretStr, AfterValidator(setting_values.second_factor_secret)] | None = Field(
        default=None,
        alias="STRATEGIST_TOTP_SECRET",
        description="Secret of the second factor, base32; cio-policy totp new makes one. Unset: what needs a second "
        "factor is refused.",
    )
    agent_loosening: float = Field(
        default=0.2,
        ge=0,
        alias="STRATEGIST_AGENT_LOOSENING",
        description="How far agents may loosen one parameter within an hour, all scopes together, as a share of its "
        "value (0.2 = 20 %); beyond it an operator decides.",
    )
    operator_loosening: float = Field(
        default=2.0,
        ge=0,
        alias="STRATEGIST_OPERATOR_LOOSENING",
        description="How far operators may loosen one parameter within an hour, all scopes together, as a share of its "
        "value.",
    )
    drift_seconds: float = Field(
        default=10.0,
        gt=0,
        le=3600,
        alias="STRATEGIST_DRIFT_SECONDS",
        description="Seconds between two comparisons of Redis with MongoDB.",
    )
    writes_per_minute: int = Field(
        default=30,
        ge=1,
        alias="STRATEGIST_WRITES_PER_MINUTE",
        description="Writes that one caller may make within 60 seconds, per gateway process.",
    )
    market_topics: Annotated[str, AfterValidator(setting_values.subjects)] = Field(
        default=MARKET,
        alias="NATS_TOPIC_MARKET",
        description="Subjects that the fleet's market data comes on, comma separated, such as "
        "binance.websocket.data,binance.futures.websocket.data.",
    )
    exchange_url: Annotated[str, AfterValidator(web_address)] = Field(
        default="https://fapi.binance.com",
        alias="STRATEGIST_EXCHANGE_URL",
        description="Exchange that rules, prices, candles and the account are read from (Binance USD-M futures).",
    )
    exchange_info_seconds: float = Field(
        default=300.0,
        ge=1,
        le=86_400,
        alias="STRATEGIST_EXCHANGE_INFO_SECONDS",
        description="Seconds between two readings of what the exchange lists and of its rules.",
    )
    price_poll_seconds: float = Field(
        default=2.0,
        ge=0,
        le=3600,
        alias="STRATEGIST_PRICE_POLL_SECONDS",
        description="Seconds between two readings of all prices from the exchange, for symbols that are not streamed; "
        "0: never.",
    )
    feed_flush_ms: float = Field(
        default=200.0,
        ge=10,
        le=60_000,
        alias="STRATEGIST_FEED_FLUSH_MS",
        description="Shortest time between two writes of market state to Redis, ms.",
    )
    regime_symbols: Annotated[tuple[str, ...], NoDecode, BeforeValidator(setting_values.symbols)] = Field(
        default=("BTCUSDT", "ETHUSDT"),
        alias="STRATEGIST_REGIME_SYMBOLS",
        description="Symbols whose regime is told, comma separated; besides those that are streamed.",
    )
    data_service_url: Annotated[str, AfterValidator(web_address)] | None = Field(
        default=None,
        alias="STRATEGIST_DATA_SERVICE_URL",
        description="The fleet's data service, whose word on the regime counts where it is stricter. Unset: not asked.",
    )
    bots: Annotated[tuple[Bot, ...], NoDecode, BeforeValidator(setting_values.bots)] = Field(
        default=(),
        alias="STRATEGIST_BOTS",
        description="Bots whose config routes are offered here, as name=base URL, comma separated, such as "
        "ta=http://ta-bot:80,realtime=http://realtime:80.",
    )
    bot_timeout_seconds: float = Field(
        default=5.0,
        gt=0,
        le=60,
        alias="STRATEGIST_BOT_TIMEOUT_SECONDS",
        description="Longest time a bot may take to answer.",
    )
    exchange_api_key: Annotated[SecretStr, AfterValidator(setting_values.credential)] | None = Field(
        default=None,
        alias="STRATEGIST_EXCHANGE_API_KEY",
        description="Key that may read the account on the exchange, and nothing else. Needed by the role tracker.",
    )
    exchange_api_secret: Annotated[SecretStr, AfterValidator(setting_values.credential)] | None = Field(
        default=None, alias="STRATEGIST_EXCHANGE_API_SECRET", description="Its secret."
    )
    portfolio_seconds: float = Field(
        default=5.0,
        ge=0.1,
        le=60,
        alias="STRATEGIST_PORTFOLIO_SECONDS",
        description="Seconds between two readings of the account.",
    )
    execution_topics: Annotated[str, AfterValidator(setting_values.subjects)] = Field(
        default=EXECUTION_EVENTS,
        alias="NATS_TOPIC_EXECUTION_EVENTS",
        description="Subjects that the engine's execution events come on, comma separated.",
    )
    token: Annotated[SecretStr, AfterValidator(setting_values.token)] | None = Field(
        default=None,
        alias="STRATEGIST_TOKEN",
        description="Token of whom the MCP server on stdio speaks for. Unset: nobody, who may only look.",
    )
    max_body_bytes: int = Field(
        default=262_144,
        ge=1024,
        le=16_777_216,
        alias="STRATEGIST_MAX_BODY_BYTES",
        description="Largest body of a request, bytes.",
    )
    intent_topics: Annotated[str, AfterValidator(setting_values.subjects)] = Field(
        default=INTENTS,
        alias="NATS_TOPIC_INTENTS",
        description="Subjects that the gates take intents from, comma separated; the recorder keeps all that comes "
        "there. As for the gates.",
    )
    stream_replicas: Annotated[int, AfterValidator(setting_values.replicas)] = Field(
        default=1,
        ge=1,
        le=5,
        alias="STRATEGIST_STREAM_REPLICAS",
        description="Replicas of streams that the recorder makes: 1, 3 or 5.",
    )
    audit_key_file: Path | None = Field(
        default=None,
        alias="STRATEGIST_AUDIT_KEY_FILE",
        description="Private key that signs checkpoints of the audit chain, Ed25519 in PEM; cio-audit key new makes "
        "one. Unset: the chain is kept, and no checkpoints are made.",
    )
    audit_public_keys: Annotated[tuple[Path, ...], NoDecode, BeforeValidator(setting_values.paths)] = Field(
        default=(),
        alias="STRATEGIST_AUDIT_PUBLIC_KEYS",
        description="Public keys that cio-audit trusts, PEM files, comma separated: the present one and those before.",
    )
    checkpoint_records: int = Field(
        default=1000,
        ge=1,
        le=100_000,
        alias="STRATEGIST_CHECKPOINT_RECORDS",
        description="So many records at the least make a checkpoint of the audit chain due; cio-audit verify, too, "
        "has to know.",
    )
    checkpoint_seconds: float = Field(
        default=300.0,
        gt=0,
        le=86_400,
        alias="STRATEGIST_CHECKPOINT_SECONDS",
        description="So many seconds do too, where there is any new record.",
    )
    reconcile_seconds: float = Field(
        default=60.0,
        gt=0,
        le=86_400,
        alias="STRATEGIST_RECONCILE_SECONDS",
        description="Seconds between two comparisons of intents with their records.",
    )
    secrets_dir: Path | None = Field(
        default=None,
        alias=SECRETS_DIR,
        description="Folder of mounted secrets: files named as variables, in lower case, such as mongodb_uri. The "
        "environment wins over them.",
    )

    @property
    def operator(self) -> str:
        """Who changes are signed by unless the command says otherwise."""
        return self.user.strip() or "operator"


class Settings(TraceSettings, StrategistSettings):
    """Everything that can be set, by the name of its environment variable; the strategist's own first.

    `Settings.load` is how to read it.
    """

    @classmethod
    def load(cls) -> Self:
        """Read the environment, and the folder of secrets if it names one.

        Empty variables count as unset, but for the addresses of the servers, where another one than was meant is no
        harmless default, and for the files of the primal limits, where none is laxer than any. Raises `UsageError`
        naming each variable that is wrong, never its value, and each that begins with `STRATEGIST_` but does not exist,
        with the one probably meant.
        """
        folder = os.environ.get(SECRETS_DIR) or None
        problems = [*_unknown(os.environ), *_empty_addresses(), *_empty_primal()]
        try:
            problems += _unknown(_names_in(folder))
            return cls._read(folder, problems)
        except (OSError, UnicodeError, SettingsError, UserWarning) as error:
            raise _unusable([*problems, f"{SECRETS_DIR}: {_reason(error)}"]) from None

    @classmethod
    def _read(cls, folder: str | None, problems: list[str]) -> Self:
        try:
            # A file that is there and cannot be taken for a secret is only warned of, and would be missed later.
            with warnings.catch_warnings():
                warnings.simplefilter("error", UserWarning)
                settings = cls(_secrets_dir=folder)  # pyright: ignore[reportCallIssue]
        except ValidationError as error:
            raise _unusable([*problems, *_wrong(error)]) from None
        if problems:
            raise _unusable(problems)
        return settings


def variables() -> dict[str, FieldInfo]:
    """Return each environment variable's name with its field definition, in the order of the class."""
    return {field.alias or name: field for name, field in Settings.model_fields.items()}


def shown(value: object) -> str:
    """Return a setting's value for people: credentials and options of addresses, and other secrets, are hidden."""
    if isinstance(value, SecretStr):
        return without_secrets(value)
    if isinstance(value, tuple):
        parts = cast("tuple[Bot | Path | str, ...]", value)
        return ",".join(f"{part.name}={part.root}" if isinstance(part, Bot) else str(part) for part in parts)
    return "" if value is None else str(value)


def _unknown(names: Iterable[str]) -> list[str]:
    known = variables()
    return [
        f"{name}: there is no such setting" + (f"; was {near[0]} meant?" if near else "")
        for name in sorted(names)
        if name.startswith(PREFIX) and name not in known
        for near in [difflib.get_close_matches(name, known, n=1)]
    ]


def _names_in(folder: str | None) -> list[str]:
    """Return the variables that the files of a folder are named after. Raises `OSError` if it cannot be listed."""
    return [] if folder is None else [path.name.upper() for path in Path(folder).expanduser().iterdir()]


def _empty_addresses() -> list[str]:
    return [
        f"{name}: must look like an address, and is empty: set it, or remove the variable"
        for name in ("REDIS_URL", "NATS_URL", "MONGODB_URI")
        if os.environ.get(name) == ""
    ]


def _empty_primal() -> list[str]:
    return [
        f"{name}: is empty, which would be laxer than any file: set it, or remove the variable"
        for name in ("STRATEGIST_PRIMAL_FILE", "STRATEGIST_PRIMAL_APPROVERS")
        if os.environ.get(name) == ""
    ]


def _wrong(error: ValidationError) -> list[str]:
    return [
        f"{'.'.join(map(str, item['loc'])).upper()}: {item['msg'].removeprefix('Value error, ')}"
        for item in error.errors(include_input=False, include_url=False)
    ]


def _reason(error: Exception) -> str:
    # What goes wrong with one file arrives wrapped in an error that names the field alone.
    reason = error.__cause__ if isinstance(error, SettingsError) and error.__cause__ else error
    if isinstance(reason, OSError):
        return f"it cannot be read: {reason.strerror or type(reason).__name__}"
    return "a file in it is not UTF-8 text" if isinstance(reason, UnicodeError) else str(reason)


def _unusable(problems: list[str]) -> UsageError:
    return UsageError(f"the environment cannot be used: {'; '.join(problems)}")
