"""From the record of a decision back to the values that it rested on, and to its verdict."""

from collections.abc import Mapping

from cio_decision.context import (
    Context,
    LedgerView,
    MarketView,
    PortfolioView,
    RegimeView,
    Reserved,
)
from cio_decision.decoding import PayloadLimits, Unreadable, decode
from cio_decision.evaluation import conclude, examine, refuse
from cio_decision.freshness import Ages
from cio_decision.intent import Intent
from petrosa_contracts import PolicyLayer, ScopedControl, Verdict, resolve
from petrosa_contracts.record import (
    DecisionRecord,
    RecordedAges,
    RecordedInputs,
    RecordedLedger,
    RecordedMarket,
    RecordedPortfolio,
    RecordedRegime,
)


def read_again(record: DecisionRecord) -> Intent | Unreadable | None:
    """Read a recorded payload once more; None for one that was too large to be recorded as a whole."""
    if record.raw_digest is not None:
        return None
    return decode(record.raw, PayloadLimits(max_bytes=record.max_payload_bytes, max_depth=record.max_payload_depth))


def decide_again(record: DecisionRecord, policy: Mapping[str, PolicyLayer] | None = None) -> Verdict | None:
    """Decide a recorded intent once more, on the values that it was decided on, and return the verdict.

    With `policy`, these layers hold in place of those recorded; those that the order does not touch do not matter.
    Without it, the verdict equals the recorded one to the byte. None for what found no room: that verdict followed
    from a full queue, not from gates. None too for a payload that was too large to be recorded as a whole.
    """
    return decide_read(record, read_again(record), policy)


def decide_read(
    record: DecisionRecord, read: Intent | Unreadable | None, policy: Mapping[str, PolicyLayer] | None = None
) -> Verdict | None:
    """Do the same with what `read_again` returned, so that several policies can be tried on one reading."""
    was = record.verdict
    if read is None:
        return None
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
        answer_by=inputs.answer_by,
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


def _ages_of(recorded: RecordedAges) -> Ages:
    return Ages(stale_seconds=recorded.stale_seconds, lost_seconds=recorded.lost_seconds)
