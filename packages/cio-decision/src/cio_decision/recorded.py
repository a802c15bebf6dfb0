"""From a decision to its record, and back to the values that it rested on."""

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any, Final, Self

from pydantic_core import to_json

from cio_decision.breaches import plain
from cio_decision.context import (
    Context,
    LedgerView,
    MarketView,
    PortfolioView,
    RegimeView,
    Reserved,
)
from cio_decision.decoding import PayloadLimits, Unreadable, decode
from cio_decision.evaluation import Findings, conclude, examine, refuse
from cio_decision.freshness import Ages
from cio_decision.gates import GATES
from cio_decision.intent import Intent
from petrosa_contracts import PolicyLayer, ScopedControl, Verdict, resolve
from petrosa_contracts.record import (
    RECORD_FORM,
    DecisionRecord,
    Reading,
    RecordedAges,
    RecordedInputs,
    RecordedLedger,
    RecordedMarket,
    RecordedPortfolio,
    RecordedRegime,
)
from petrosa_contracts.streams import MESSAGE_ID

_NAMES: Final = {gate.code: gate.code.value for gate in GATES}
"""Codes as text: encoding an enumeration's member costs several times as much."""

SHORT = 1024
"""What is left of a payload, bytes, and of a message id, characters, when the whole does not fit into a record."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """How an intent came, and who decided on it: what a record holds besides the decision itself."""

    raw: bytes
    subject: str
    headers: Mapping[str, str]
    limits: PayloadLimits
    instance: str
    version: str
    primal_digest: str | None
    trace_id: str
    raw_digest: str | None = None
    """SHA-256 of the whole payload where `raw` is not all of it."""

    def shortened(self) -> Self:
        """Return it with the beginning of the payload and, of the headers, the message id alone."""
        kept = {name: value[:SHORT] for name, value in self.headers.items() if name == MESSAGE_ID}
        return replace(self, raw=self.raw[:SHORT], raw_digest=sha256(self.raw).hexdigest(), headers=kept)


def record_json(
    origin: Origin,
    verdict: Verdict,
    context: Context | None = None,
    findings: Findings | None = None,
    *,
    withdraws: bool = False,
) -> bytes:
    """Return the record of a decision as JSON that `DecisionRecord` reads.

    Context and findings are left out for what could not be read or found no room. Written from plain values, because
    building the models first would cost the gate more than the decision itself.
    """
    return to_json(
        {
            "form": RECORD_FORM,
            "verdict": verdict,
            "raw": b64encode(origin.raw),
            "raw_digest": origin.raw_digest,
            "subject": origin.subject,
            "headers": dict(origin.headers),
            "max_payload_bytes": origin.limits.max_bytes,
            "max_payload_depth": origin.limits.max_depth,
            "inputs": None if context is None else _inputs_of(context),
            "passed": {} if findings is None else _passed(findings),
            "instance": origin.instance,
            "version": origin.version,
            "primal_digest": origin.primal_digest,
            "trace_id": origin.trace_id,
            "withdraws": withdraws,
        }
    )


def decide_again(record: DecisionRecord, policy: Mapping[str, PolicyLayer] | None = None) -> Verdict | None:
    """Decide a recorded intent once more, on the values that it was decided on, and return the verdict.

    With `policy`, these layers hold in place of those recorded; those that the order does not touch do not matter.
    Without it, the verdict equals the recorded one to the byte. None for what found no room: that verdict followed
    from a full queue, not from gates. None too for a payload that was too large to be recorded as a whole.
    """
    if record.raw_digest is not None:
        return None
    was = record.verdict
    limits = PayloadLimits(max_bytes=record.max_payload_bytes, max_depth=record.max_payload_depth)
    read = decode(record.raw, limits)
    if isinstance(read, Unreadable):
        return refuse(
            read,
            decision_id=was.decision_id,
            mode=was.mode,
            epoch=was.epoch,
            received_at=was.received_at,
            latency_ms=was.latency_ms,
        )
    if record.inputs is None:
        return None
    context = context_of(record.inputs, read, was, policy)
    return conclude(read, context, examine(read, context), latency_ms=was.latency_ms)


def context_of(
    inputs: RecordedInputs, intent: Intent, verdict: Verdict, policy: Mapping[str, PolicyLayer] | None = None
) -> Context:
    """Return the context that a recorded decision was made in, under its own policy or another one."""
    signal = intent.signal
    return Context(
        decision_id=verdict.decision_id,
        now=inputs.now,
        received_at=verdict.received_at,
        policy=resolve(
            inputs.layers if policy is None else policy,
            symbol=signal.symbol,
            strategy_id=signal.strategy_id,
            side=intent.side,
        ),
        epoch=verdict.epoch,
        system_mode=inputs.system_mode,
        system_reason=inputs.system_reason,
        control=None if inputs.control is None else ScopedControl(inputs.control.scope, inputs.control.entry),
        failsafe=inputs.failsafe,
        primal=inputs.primal,
        market=_market_view(inputs.market),
        regime=_regime_view(inputs.regime),
        portfolio=_portfolio_view(inputs.portfolio),
        symbol_known=inputs.symbol_known,
        audit_available=inputs.audit_available,
        ledger=_ledger_view(inputs.ledger),
        orders_last_second=inputs.orders_last_second,
        max_orders_per_second=inputs.max_orders_per_second,
        clock_tolerance_seconds=inputs.clock_tolerance_seconds,
        decision_seconds=inputs.decision_seconds,
        decision_deadline_seconds=inputs.decision_deadline_seconds,
    )


def _market_view(recorded: RecordedMarket | None) -> MarketView | None:
    if recorded is None:
        return None
    return MarketView(
        state=recorded.state, listed=recorded.listed, ages=_ages_of(recorded.ages), band_share=recorded.band_share
    )


def _regime_view(recorded: RecordedRegime | None) -> RegimeView | None:
    if recorded is None:
        return None
    return RegimeView(symbol=recorded.symbol, market=recorded.market, ages=_ages_of(recorded.ages))


def _portfolio_view(recorded: RecordedPortfolio | None) -> PortfolioView | None:
    if recorded is None:
        return None
    return PortfolioView(state=recorded.state, ages=_ages_of(recorded.ages), drawdown_limit=recorded.drawdown_limit)


def _ledger_view(recorded: RecordedLedger) -> LedgerView:
    reserved = recorded.reserved
    return LedgerView(
        taken_by=recorded.taken_by,
        trades_today=recorded.trades_today,
        reserved=Reserved(
            notional=reserved.notional,
            leverage=reserved.leverage,
            positions=reserved.positions,
            opens_this=reserved.opens_this,
            exiting=reserved.exiting,
        ),
    )


def _inputs_of(context: Context) -> dict[str, Any]:
    control, market, regime, portfolio = context.control, context.market, context.regime, context.portfolio
    return {
        "now": context.now,
        "layers": dict(context.policy.layers),
        "system_mode": context.system_mode,
        "system_reason": context.system_reason,
        "control": control and {"scope": control.scope, "entry": control.entry},
        "market": market
        and {
            "state": market.state,
            "listed": market.listed,
            "ages": _recorded_ages(market.ages),
            "band_share": market.band_share,
        },
        "regime": regime and {"symbol": regime.symbol, "market": regime.market, "ages": _recorded_ages(regime.ages)},
        "portfolio": portfolio
        and {
            "state": portfolio.state,
            "ages": _recorded_ages(portfolio.ages),
            "drawdown_limit": portfolio.drawdown_limit,
        },
        "symbol_known": context.symbol_known,
        "ledger": _recorded_ledger(context),
        "orders_last_second": context.orders_last_second,
        "max_orders_per_second": context.max_orders_per_second,
        "clock_tolerance_seconds": context.clock_tolerance_seconds,
        "decision_seconds": context.decision_seconds,
        "decision_deadline_seconds": context.decision_deadline_seconds,
        "failsafe": context.failsafe,
        "primal": context.primal,
        "audit_available": context.audit_available,
    }


def _recorded_ledger(context: Context) -> dict[str, Any]:
    ledger, reserved = context.ledger, context.ledger.reserved
    trades = ledger.trades_today
    return {
        "taken_by": ledger.taken_by,
        # The counts of all other scopes say nothing about this order.
        "trades_today": {scope: trades[scope] for scope in context.policy.scopes if scope in trades},
        "reserved": {
            "notional": reserved.notional,
            "leverage": reserved.leverage,
            "positions": reserved.positions,
            "opens_this": reserved.opens_this,
            "exiting": reserved.exiting,
        },
    }


def _passed(findings: Findings) -> dict[str, Reading]:
    return {_NAMES[code]: (plain(measured), plain(limit)) for code, (measured, limit) in findings.measured}


def _recorded_ages(ages: Ages) -> dict[str, float]:
    return {"stale_seconds": ages.stale_seconds, "lost_seconds": ages.lost_seconds}


def _ages_of(recorded: RecordedAges) -> Ages:
    return Ages(stale_seconds=recorded.stale_seconds, lost_seconds=recorded.lost_seconds)
