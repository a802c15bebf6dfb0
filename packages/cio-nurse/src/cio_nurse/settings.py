"""Settings: the only reader of the environment."""

import difflib
import os
import re
import socket
import tempfile
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal, cast

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, ValidationError

from cio_decision.freshness import Input
from cio_nurse.addresses import nats_addresses, redis_address, without_credentials
from cio_nurse.errors import SettingsError
from petrosa_contracts import subjects
from petrosa_contracts.portfolio import SETTLE_SECONDS
from petrosa_contracts.runtime.otel_export import TraceSettings

PREFIX = "NURSE_"


def _one_subject(value: str) -> str:
    """Return a subject to publish on; a trailing wildcard, as consumers write it, is dropped."""
    base = re.sub(r"\.[*>]$", "", value.strip())
    if subjects.subscriptions(base)[0] != base or "*" in base or ">" in base:
        raise ValueError(f"{value!r} is not one subject to publish on")
    return base


def _several_subjects(value: str) -> str:
    subjects.subscriptions(value)
    return value


def _temporary_folder() -> Path:
    try:
        return Path(tempfile.gettempdir())
    except FileNotFoundError:
        # Nothing is writable, as in a container with a read-only root: a journal set elsewhere needs no such folder.
        return Path.cwd()


def _several_inputs(value: object) -> object:
    return tuple(name.strip() for name in value.split(",") if name.strip()) if isinstance(value, str) else value


class GateSettings(BaseModel):
    """The gate's own settings, and the addresses and subjects that it shares with others."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    nats_url: Annotated[SecretStr, AfterValidator(nats_addresses)] = Field(
        default=SecretStr("nats://127.0.0.1:4222"), alias="NATS_URL", description="NATS servers, comma separated."
    )
    redis_url: Annotated[SecretStr, AfterValidator(redis_address)] = Field(
        default=SecretStr("redis://127.0.0.1:6379/0"), alias="REDIS_URL", description="Redis with policy and ledger."
    )
    intents: Annotated[str, AfterValidator(_several_subjects)] = Field(
        default=subjects.INTENTS,
        alias="NATS_TOPIC_INTENTS",
        description="Subjects to take intents from, comma separated; one without a wildcard includes all below it.",
    )
    signals: Annotated[str, AfterValidator(_one_subject)] = Field(
        default=subjects.SIGNALS, alias="NATS_TOPIC_SIGNALS", description="Subject that approved signals leave on."
    )
    heartbeat: Annotated[str, AfterValidator(_one_subject)] = Field(
        default=subjects.HEARTBEAT, alias="NATS_TOPIC_HEARTBEAT", description="Subject of the pulse."
    )
    execution_events: Annotated[str, AfterValidator(_several_subjects)] = Field(
        default=subjects.EXECUTION_EVENTS,
        alias="NATS_TOPIC_EXECUTION_EVENTS",
        description="Subjects on which the engine tells of orders; so the gate notices when it has gone deaf.",
    )
    engine_dialect: Literal["classic", "governed"] = Field(
        default="classic",
        alias="NURSE_ENGINE_DIALECT",
        description="What the engine expects: classic (the bare signals subject) or governed (one subject per strategy "
        "and petrosa-cio as source).",
    )
    instance: str = Field(
        default_factory=lambda: f"{socket.gethostname()}-{os.getpid()}",
        alias="NURSE_INSTANCE",
        min_length=1,
        description="Name of this replica in heartbeats and logs; by default host name and process id.",
    )
    http_host: str = Field(
        default="127.0.0.1",
        alias="NURSE_HTTP_HOST",
        description="Address for /healthz, /readyz and /metrics; 0.0.0.0 in a container.",
    )
    http_port: int = Field(
        default=8080, ge=0, le=65535, alias="NURSE_HTTP_PORT", description="Its port; 0 takes a free one, printed."
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        default="INFO", alias="NURSE_LOG_LEVEL", description="Approvals are DEBUG, vetoes INFO, trouble above."
    )
    heartbeat_seconds: float = Field(
        default=10.0, gt=0, le=60, alias="NURSE_HEARTBEAT_SECONDS", description="Seconds between two pulses."
    )
    decision_deadline_ms: float = Field(
        default=50.0, gt=0, le=10_000, alias="NURSE_DECISION_DEADLINE_MS", description="Longest decision, ms."
    )
    clock_tolerance_seconds: float = Field(
        default=2.0,
        ge=0,
        le=60,
        alias="NURSE_CLOCK_TOLERANCE_SECONDS",
        description="How far an intent may be dated ahead of this clock, seconds.",
    )
    max_orders_per_second: int | None = Field(
        default=None,
        ge=1,
        alias="NURSE_MAX_ORDERS_PER_SECOND",
        description="Orders this replica lets out per second; unset: no limit.",
    )
    lane_capacity: int = Field(
        default=1000, ge=10, alias="NURSE_LANE_CAPACITY", description="Intents of one symbol that may wait."
    )
    queue_capacity: int = Field(
        default=4000, ge=10, alias="NURSE_QUEUE_CAPACITY", description="Intents of all symbols that may wait."
    )
    max_payload_bytes: int = Field(
        default=65_536, ge=256, le=1_048_576, alias="NURSE_MAX_PAYLOAD_BYTES", description="Largest payload, bytes."
    )
    max_payload_depth: int = Field(
        default=16, ge=2, le=128, alias="NURSE_MAX_PAYLOAD_DEPTH", description="Deepest nesting of a payload, levels."
    )
    policy_max_age_seconds: float = Field(
        default=5.0,
        gt=0,
        alias="NURSE_POLICY_MAX_AGE_SECONDS",
        description="Unconfirmed for longer, policy counts as stale and the gate turns CONSERVATIVE, seconds.",
    )
    policy_hard_age_seconds: float = Field(
        default=3600.0,
        gt=0,
        alias="NURSE_POLICY_HARD_AGE_SECONDS",
        description="Unconfirmed for longer, policy counts as lost and the gate turns BLIND, seconds.",
    )
    inputs: Annotated[tuple[Input, ...], BeforeValidator(_several_inputs)] = Field(
        default=(),
        alias="NURSE_INPUTS",
        description="What else decisions need, comma separated: market, regime, portfolio. Each that is not named is "
        "off: its gates have nothing to say.",
    )
    market_max_age_seconds: float = Field(
        default=5.0,
        gt=0,
        alias="NURSE_MARKET_MAX_AGE_SECONDS",
        description="Older, a symbol's newest price is stale and its intents are decided as CONSERVATIVE, seconds.",
    )
    market_hard_age_seconds: float = Field(
        default=15.0,
        gt=0,
        alias="NURSE_MARKET_HARD_AGE_SECONDS",
        description="Older, it is lost and nothing opens on the symbol, seconds.",
    )
    regime_max_age_seconds: float = Field(
        default=7200.0,
        gt=0,
        alias="NURSE_REGIME_MAX_AGE_SECONDS",
        description="Older, a regime is stale, likewise. It is as old as the end of the last candle it rests on.",
    )
    regime_hard_age_seconds: float = Field(
        default=21_600.0,
        gt=0,
        alias="NURSE_REGIME_HARD_AGE_SECONDS",
        description="Older, it is lost; the market's as a whole stands in for it until that is lost too, seconds.",
    )
    portfolio_max_age_seconds: float = Field(
        default=10.0,
        gt=0,
        alias="NURSE_PORTFOLIO_MAX_AGE_SECONDS",
        description="Older, the portfolio is stale, likewise, seconds.",
    )
    portfolio_hard_age_seconds: float = Field(
        default=60.0,
        gt=0,
        alias="NURSE_PORTFOLIO_HARD_AGE_SECONDS",
        description="Older, it is lost and nothing opens, seconds. With twice the clock tolerance it may not exceed "
        f"{SETTLE_SECONDS} or NURSE_RESERVATION_SECONDS, because for no longer do orders stay reserved.",
    )
    price_band_pct: Decimal = Field(
        default=Decimal(5),
        gt=0,
        le=100,
        alias="NURSE_PRICE_BAND_PCT",
        description="How far a price may be from the live one, percent, whatever a strategy tolerates.",
    )
    drawdown_limit_pct: Decimal = Field(
        default=Decimal(20),
        gt=0,
        le=100,
        alias="NURSE_DRAWDOWN_LIMIT_PCT",
        description="Fall of equity from its peak beyond which nothing opens, percent of the peak.",
    )
    reservation_seconds: float = Field(
        default=90.0,
        ge=1,
        le=3600,
        alias="NURSE_RESERVATION_SECONDS",
        description="How long an approved order counts as on its way if the portfolio never shows what became of it, "
        "seconds; the age at which the portfolio is lost, and beyond it what the engine may take to fill.",
    )
    primal_file: Path | None = Field(
        default=None,
        alias="NURSE_PRIMAL_FILE",
        description="File of the primal limits, with its signatures beside it; without its quorum the built-in "
        "tightest limits hold. Unset: no primal limits.",
    )
    primal_approvers: Path | None = Field(
        default=None,
        alias="NURSE_PRIMAL_APPROVERS",
        description="List of those who may sign it; unset: allowed_signers beside the file. Better a place that "
        "whoever writes the file cannot write.",
    )
    audit: Literal["auto", "required", "off"] = Field(
        default="auto",
        alias="NURSE_AUDIT",
        description="Whether an entry needs its record kept by JetStream before it leaves: required; auto (required as "
        "soon as the NATS server offers JetStream); off.",
    )
    audit_deadline_ms: float = Field(
        default=100.0,
        gt=0,
        le=10_000,
        alias="NURSE_AUDIT_DEADLINE_MS",
        description="Longest wait for a record's acknowledgement, ms; then entries are vetoed AUDIT_UNAVAILABLE.",
    )
    journal_folder: Path = Field(
        default_factory=lambda: _temporary_folder() / "cio-nurse",
        alias="NURSE_JOURNAL_FOLDER",
        description="Folder for records that JetStream does not take in time; better one that outlives the container.",
    )
    journal_max_bytes: int = Field(
        default=67_108_864,
        ge=65_536,
        alias="NURSE_JOURNAL_MAX_BYTES",
        description="Largest journal; records beyond it are dropped, counted and said. Exits pass all the same.",
    )
    silent_halt_seconds: float = Field(
        default=300.0,
        gt=0,
        alias="NURSE_SILENT_HALT_SECONDS",
        description="How long entries may arrive with none approved before it is told as a silent halt, seconds.",
    )
    silent_halt_entries: int = Field(
        default=10,
        ge=1,
        alias="NURSE_SILENT_HALT_ENTRIES",
        description="How many entries have to arrive meanwhile, so that a quiet market is not told as one.",
    )
    drain_seconds: float = Field(
        default=10.0,
        gt=0,
        alias="NURSE_DRAIN_SECONDS",
        description="Longest time for answering what is in hand at the end.",
    )


class Settings(TraceSettings, GateSettings):
    """Everything that can be set, by the name of its environment variable; the gate's own first. Frozen once read."""


def variables() -> dict[str, Any]:
    """Return each environment variable's name with its field definition, in the order of the class."""
    return {field.alias or name: field for name, field in Settings.model_fields.items()}


def load(environment: Mapping[str, str] | None = None) -> Settings:
    """Read the settings from the environment.

    Empty variables count as unset, but for the files of the primal limits, where none is laxer than any. Raises
    `SettingsError` that lists every problem: values that cannot be used, and variables that begin with `NURSE_` but do
    not exist, with the name that was probably meant.
    """
    found = os.environ if environment is None else environment
    known = variables()
    problems = [_unknown(name, known) for name in found if name.startswith(PREFIX) and name not in known]
    problems += [
        f"{name}: is empty, which would be laxer than any file: set it, or remove the variable"
        for name in ("NURSE_PRIMAL_FILE", "NURSE_PRIMAL_APPROVERS")
        if found.get(name) == ""
    ]
    given = {name: value for name, value in found.items() if name in known and value != ""}
    try:
        settings = Settings.model_validate(given)
    except ValidationError as error:
        for detail in error.errors(include_url=False, include_input=False):
            name = ".".join(str(part) for part in detail["loc"])
            problems.append(f"{name}: {detail['msg']}")
        settings = None
    else:
        problems += [*_echoes(settings), *_impossible_ages(settings)]
    if problems or settings is None:
        raise SettingsError("\n".join(problems))
    return settings


def shown(value: object) -> str:
    """Return a setting's value for people: the credentials and options in an address are hidden."""
    if isinstance(value, SecretStr):
        return without_credentials(value.get_secret_value())
    if isinstance(value, tuple):
        return ",".join(str(each) for each in cast("tuple[object, ...]", value))
    return "" if value is None else str(value)


def _echoes(settings: Settings) -> list[str]:
    """Say where the gate would take its own messages for intents and answer itself for ever."""
    own = {
        "NATS_TOPIC_SIGNALS": (settings.signals, f"{settings.signals}.>"),
        "NATS_TOPIC_HEARTBEAT": (settings.heartbeat,),
        "the verdicts": (subjects.VERDICTS,),
    }
    return [
        f"NATS_TOPIC_INTENTS: {settings.intents} would have the gate hear itself on {own_subjects[0]} ({name})"
        for name, own_subjects in own.items()
        if any(_overlap(taken, each) for taken in subjects.subscriptions(settings.intents) for each in own_subjects)
    ]


def _impossible_ages(settings: Settings) -> list[str]:
    """Say which age limits contradict each other, or what the tracker of the portfolio relies on."""
    pairs = {
        "MARKET": (settings.market_max_age_seconds, settings.market_hard_age_seconds),
        "REGIME": (settings.regime_max_age_seconds, settings.regime_hard_age_seconds),
        "PORTFOLIO": (settings.portfolio_max_age_seconds, settings.portfolio_hard_age_seconds),
    }
    found = [
        f"NURSE_{name}_HARD_AGE_SECONDS: {hard:g} is below NURSE_{name}_MAX_AGE_SECONDS, which is {stale:g}; what is "
        "lost is stale before"
        for name, (stale, hard) in pairs.items()
        if hard < stale
    ]
    found += _uncounted_orders(settings)
    return found


def _uncounted_orders(settings: Settings) -> list[str]:
    """Say where a portfolio would be used that lacks orders which are not reserved any more either."""
    hard, tolerance = settings.portfolio_hard_age_seconds, settings.clock_tolerance_seconds
    reserved_for = min(SETTLE_SECONDS, settings.reservation_seconds)
    if Input.PORTFOLIO not in settings.inputs or hard + 2 * tolerance <= reserved_for:
        return []
    rule = f"{hard:g}, with twice the clock tolerance of {tolerance:g}, is above {reserved_for:g}, for which orders"
    why = "an older portfolio lacks orders that nothing counts any more"
    return [f"NURSE_PORTFOLIO_HARD_AGE_SECONDS: {rule} stay reserved; {why}"]


def _overlap(first: str, second: str) -> bool:
    """Whether some subject matches both patterns."""
    ours, theirs = first.split("."), second.split(".")
    for one, other in zip(ours, theirs, strict=False):
        if ">" in {one, other}:
            return True
        if one != other and "*" not in {one, other}:
            return False
    return len(ours) == len(theirs)


def _unknown(name: str, known: Mapping[str, Any]) -> str:
    near = difflib.get_close_matches(name, known, n=1)
    return f"{name}: there is no such setting" + (f"; was {near[0]} meant?" if near else "")
