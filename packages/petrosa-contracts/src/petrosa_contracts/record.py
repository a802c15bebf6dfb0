"""The record of a decision: all that it rested on, so that it can be found, proved unaltered and decided again.

What is recorded are inputs, not conclusions drawn later: the bytes that came, and every value that `evaluate` saw. The
policy is kept as the layers that the order touches; resolving them again with the same catalogue gives what was in
force, and resolving them with a change gives what would have been.
"""

from decimal import Decimal
from typing import Annotated, cast

from pydantic import Base64Bytes, BaseModel, BeforeValidator, ConfigDict, Field

from petrosa_contracts.control import ControlEntry, Mode
from petrosa_contracts.failsafe import FailSafeLimits
from petrosa_contracts.instant import UtcDatetime
from petrosa_contracts.market import MarketState
from petrosa_contracts.policy import PolicyLayer
from petrosa_contracts.portfolio import PortfolioState
from petrosa_contracts.primal import PrimalLimits
from petrosa_contracts.regime import RegimeStatus
from petrosa_contracts.verdict import Code, Verdict

WITHDRAWAL = ":withdrawn"
"""What the id of a record that withdraws an approval ends with."""

RECORD_FORM = 1
"""Version of the form of records; a reader refuses one that it does not know."""


def record_id(decision_id: str, *, withdraws: bool) -> str:
    """Return what a record is unique by: the decision id, with a mark where it withdraws an approval."""
    return f"{decision_id}{WITHDRAWAL if withdraws else ''}"


def _with_decimals(value: object) -> object:
    """Read what JSON holds of primal limits: their decimals are text there, and nowhere else."""
    if not isinstance(value, dict):
        return value
    fields = cast("dict[str, object]", value)
    return {name: Decimal(given) if isinstance(given, str) else given for name, given in fields.items()}


_Primal = Annotated[PrimalLimits, BeforeValidator(_with_decimals)]


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class RecordedAges(_Value):
    """Age limits of one input, seconds."""

    stale_seconds: float = Field(gt=0, description="Older counts as stale.")
    lost_seconds: float = Field(gt=0, description="Older counts as lost.")


class RecordedMarket(_Value):
    """What was known of the symbol on the exchange."""

    state: MarketState | None = Field(description="Null: not listed, or nothing was known at all.")
    listed: bool = Field(description="Whether the exchange's list of symbols was known.")
    ages: RecordedAges = Field(description="Age limits in force.")
    band_share: Decimal = Field(description="Largest distance from the live price, as a share of it.")


class RecordedRegime(_Value):
    """The regime that was known."""

    symbol: RegimeStatus | None = Field(description="Of the symbol; null: unknown.")
    market: RegimeStatus | None = Field(description="Of the market as a whole; null: unknown.")
    ages: RecordedAges = Field(description="Age limits in force.")


class RecordedPortfolio(_Value):
    """The portfolio that was known."""

    state: PortfolioState | None = Field(description="Null: unknown.")
    ages: RecordedAges = Field(description="Age limits in force.")
    drawdown_limit: Decimal = Field(description="Fall from the peak beyond which nothing may open, a fraction.")


class RecordedReservations(_Value):
    """What approved orders that were not in the portfolio yet would add to it or take from it."""

    notional: Decimal = Field(description="Worth of entries on their way, quote currency.")
    leverage: Decimal = Field(description="Sum of their leverage, x.")
    positions: int = Field(ge=0, description="New positions they open, this symbol and side not counted.")
    opens_this: bool = Field(description="Whether one of them opens this symbol and side.")
    exiting: Decimal = Field(description="Quantity on its way out of the position that this intent opposes.")


class RecordedLedger(_Value):
    """What the shared ledger said about the intent."""

    taken_by: str | None = Field(description="Decision that held the identity; null if it was free.")
    trades_today: dict[str, int] = Field(description="Approved trades of the day per scope that the intent touches.")
    reserved: RecordedReservations = Field(description="Orders on their way.")


class RecordedControl(_Value):
    """The control entry that decided."""

    scope: str = Field(description="Scope key that carried it.")
    entry: ControlEntry = Field(description="What was set.")


class RecordedInputs(_Value):
    """Every value that the decision rested on, besides the payload."""

    now: UtcDatetime = Field(description="Time of decision, UTC.")
    answer_by: UtcDatetime | None = Field(
        default=None, description="Until when the sender waited, UTC; null: it did not say."
    )
    layers: dict[str, PolicyLayer] = Field(description="Policy layers that the order touches, by scope key.")
    system_mode: Mode = Field(description="What the gate's own inputs allowed.")
    system_reason: str = Field(description="Why it was not ACTIVE; empty if it was.")
    control: RecordedControl | None = Field(description="What people or watchdogs had set; null: nothing.")
    market: RecordedMarket | None = Field(description="Null: not an input of this gate; likewise the next two.")
    regime: RecordedRegime | None = Field(description="As above.")
    portfolio: RecordedPortfolio | None = Field(description="As above.")
    symbol_known: bool = Field(description="Whether the symbol was traded today or yesterday, or no such history is.")
    ledger: RecordedLedger = Field(description="What replicas agree on.")
    orders_last_second: int = Field(ge=0, description="Orders this gate let out in the second before.")
    max_orders_per_second: int | None = Field(description="Setting; null: no limit.")
    clock_tolerance_seconds: float = Field(description="Setting.")
    decision_seconds: float = Field(ge=0, description="How long the decision had taken.")
    decision_deadline_seconds: float = Field(gt=0, description="Setting.")
    failsafe: FailSafeLimits = Field(description="Limits of degraded operation.")
    primal: _Primal | None = Field(description="Hard ceilings; null: none configured.")
    audit_available: bool = Field(description="Whether the record could be kept durably in time.")


Reading = tuple[float | int | str | bool | None, float | int | str | bool | None]
"""What a gate measured, in its unit, and the limit that it held it against."""


class DecisionRecord(_Value):
    """One decision with everything that it rested on. Insert-only; unique by `record_id`.

    An intent that could not be read, or found no room, has no `inputs`: its verdict follows from the payload, or from
    the queue, alone.
    """

    form: int = Field(default=RECORD_FORM, description="Version of this form.")
    verdict: Verdict = Field(description="What was answered.")
    raw: Base64Bytes = Field(description="The payload as it came, base64.")
    raw_digest: str | None = Field(
        default=None,
        description="Where `raw` holds only its beginning, because the whole is too large for one message of NATS: the "
        "SHA-256 of all of it, hexadecimal. Headers are shortened likewise then. Null: `raw` is all of it.",
    )
    subject: str = Field(description="Subject it came on.")
    headers: dict[str, str] = Field(description="NATS headers it came with.")
    max_payload_bytes: int = Field(gt=0, description="Largest payload the gate read, bytes.")
    max_payload_depth: int = Field(gt=0, description="Deepest nesting the gate read, levels.")
    inputs: RecordedInputs | None = Field(description="What the decision rested on.")
    passed: dict[Code, Reading] = Field(
        description="By the code of each gate that found nothing: what it measured, and its limit. Breaches are in the "
        "verdict."
    )
    instance: str = Field(description="Replica that decided.")
    version: str = Field(description="Version of the gate.")
    primal_digest: str | None = Field(description="Digest of the primal limits; null: none configured.")
    trace_id: str = Field(description="Trace it belongs to, 32 hexadecimal digits.")
    withdraws: bool = Field(
        default=False,
        description="Whether it takes the place of an approval of the same decision whose record was not acknowledged "
        "in time and may yet turn up: no signal left for that one.",
    )

    @property
    def record_id(self) -> str:
        """What the record is unique by: the decision id, with a mark where it withdraws an approval."""
        return record_id(self.verdict.decision_id, withdraws=self.withdraws)
