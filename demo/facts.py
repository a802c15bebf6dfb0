"""The facts: what the demo claims, each computed from what was observed. Pure."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from demo.ledger import Answered, Changed, Delivered, GateChanged, GateState, Judged, Ledger, Sent
from petrosa_contracts import Code, Verdict

EFFECT_LIMIT_MS = 1000
"""The gate compares its policy with the store every second, so no change may take longer to hold."""

_PLANTED = {Code.ORDER_NOTIONAL_MAX, Code.STOP_INVALID, Code.INTENT_DUPLICATE}
_OPENS = ("buy", "sell")


@dataclass(frozen=True, slots=True)
class Fact:
    """One claim, whether it holds, and the numbers behind it. What never happened does not hold."""

    claim: str
    holds: bool
    detail: str


def percentile(values: Sequence[float], share: float) -> float:
    """Return the value that `share` (0 to 1) of the values do not exceed, by nearest rank; 0 for no values."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)] if ordered else 0.0


def in_force(ledger: Ledger, change: Changed) -> tuple[float, float]:
    """Return when the first verdict under a change was heard, and how many ms after the write; infinity if never."""
    at = next((each.at for each in ledger.of(Judged) if (each.verdict.epoch or 0) >= change.epoch), math.inf)
    return at, max(0.0, (at - change.at) * 1000)


def effect(took: float) -> str:
    """Say how long a change took, in milliseconds, to be in force."""
    return f"in force after {took:.0f} ms" if math.isfinite(took) else "never in force"


def nothing_unapproved(ledger: Ledger) -> Fact:
    """Check that every signal carries the decision of an approval of that very order, and no decision came twice."""
    orders = {decision: _order(each.verdict) for decision, each in ledger.approved.items()}
    signals = ledger.of(Delivered)
    unapproved = sum(1 for signal in signals if orders.get(signal.decision_id or "") != _order(signal))
    repeated = len(signals) - len({signal.decision_id for signal in signals})
    return Fact(
        "nothing unapproved reached TradeEngine",
        bool(signals) and not unapproved and not repeated,
        f"{len(signals)} signals, {unapproved} without an approval of their own, {repeated} repeated",
    )


def approvals_arrived(ledger: Ledger) -> Fact:
    """Check that no approval was lost on the way."""
    approved = ledger.approved.keys()
    missing = approved - {signal.decision_id for signal in ledger.of(Delivered)}
    holds = bool(approved) and not missing
    return Fact("every approval reached TradeEngine", holds, f"{len(approved) - len(missing)} of {len(approved)}")


def requests_answered(ledger: Ledger) -> Fact:
    """Check that every bot that asked while the gate was up got its verdict."""
    asked = {sent.number for sent in ledger.while_gate_was(GateState.READY, Sent) if sent.asks}
    answered = asked & {answer.sent.number for answer in ledger.of(Answered) if answer.verdict is not None}
    holds = bool(asked) and asked == answered
    return Fact("every request was answered while the gate was up", holds, f"{len(answered)} of {len(asked)}")


def mistakes_refused(ledger: Ledger) -> Fact:
    """Check that what was wrong by design was vetoed, and that the verdict names what was wrong."""
    judged = [answer for answer in ledger.of(Answered) if answer.sent.flaw and answer.verdict]
    named = [answer.sent.flaw for answer in judged if answer.sent.flaw and _is_refused(answer, answer.sent.flaw)]
    return Fact(
        "every planted mistake was refused for what was wrong",
        set(named) >= _PLANTED and len(named) == len(judged),
        f"{len(named)} of {len(judged)}: too large, percent for fractions, sent twice",
    )


def exits_passed(ledger: Ledger) -> Fact:
    """Check that every close sent to a gate that was up was approved and reached the engine."""
    exits = [sent.signal_id for sent in ledger.while_gate_was(GateState.READY, Sent) if sent.action == "close"]
    arrived = {signal.decision_id for signal in ledger.of(Delivered)}
    passed = {each.verdict.signal_id for decision, each in ledger.approved.items() if decision in arrived}
    through = sum(1 for name in exits if name in passed)
    return Fact(
        "exits passed all along, while the gate was up",
        bool(exits) and through == len(exits),
        f"{through} of {len(exits)}",
    )


def tightening_held(ledger: Ledger) -> Fact:
    """Check that one order passed before the tightening and not after it, and that nothing above the limit did."""
    claim = f"tightening took effect within {EFFECT_LIMIT_MS} ms"
    change = next((change for change in ledger.of(Changed) if change.limit_usd is not None), None)
    if change is None or change.limit_usd is None:
        return Fact(claim, holds=False, detail="the operator never tightened")
    since, took = in_force(ledger, change)
    large = {each.signal_id: each for each in ledger.of(Sent) if each.action in _OPENS and each.usd > change.limit_usd}
    judged = [(each, large[each.verdict.signal_id]) for each in ledger.of(Judged) if each.verdict.signal_id in large]
    before = {(*_order(sent), sent.usd) for each, sent in judged if each.verdict.approved and each.at < change.at}
    later = [(each.verdict, (*_order(sent), sent.usd)) for each, sent in judged if each.at >= since]
    let_through = sum(1 for verdict, _ in later if verdict.approved)
    turned = before & {order for verdict, order in later if verdict.code is Code.ORDER_NOTIONAL_MAX}
    return Fact(
        claim,
        took <= EFFECT_LIMIT_MS and bool(turned) and not let_through,
        f"{effect(took)}; {len(turned)} order passed only before, {let_through} too large ones after",
    )


def halt_held(ledger: Ledger) -> Fact:
    """Check that the halted strategy tried to open and nothing of that reached the engine, while its exits did."""
    claim = "the halted strategy opened nothing after the halt"
    change = next((change for change in ledger.of(Changed) if change.halted is not None), None)
    if change is None:
        return Fact(claim, holds=False, detail="nothing was halted")
    since, took = in_force(ledger, change)
    signals = [each for each in ledger.of(Delivered) if each.strategy_id == change.halted and each.at > since]
    opened = sum(1 for signal in signals if signal.action in _OPENS)
    closed = sum(1 for signal in signals if signal.action == "close")
    verdicts = [each.verdict for each in ledger.of(Judged) if each.verdict.strategy_id == change.halted]
    refused = sum(1 for verdict in verdicts if verdict.code is Code.HALT_ACTIVE)
    return Fact(
        claim,
        took <= EFFECT_LIMIT_MS and bool(refused and closed) and not opened,
        f"{effect(took)}; {refused} orders refused, {opened} opened, {closed} exits passed",
    )


def nothing_during_outage(ledger: Ledger) -> Fact:
    """Check that without a gate no bot got an answer and the engine got nothing."""
    sent = ledger.while_gate_was(GateState.KILLED, Sent)
    numbers = {each.number for each in sent}
    answered = sum(1 for answer in ledger.of(Answered) if answer.verdict and answer.sent.number in numbers)
    signals = len(ledger.while_gate_was(GateState.KILLED, Delivered))
    return Fact(
        "without the gate nothing was answered and nothing reached TradeEngine",
        any(each.asks for each in sent) and not answered and not signals,
        f"{len(sent)} intents sent, {answered} answered, {signals} signals",
    )


def duplicate_refused(ledger: Ledger) -> Fact:
    """Check that what was approved before the kill was refused after the restart, naming that approval."""
    times = {each.state: each.at for each in ledger.of(GateChanged)}
    killed, back = times.get(GateState.KILLED, 0.0), times.get(GateState.READY, 0.0)
    first = {each.verdict.signal_id: decision for decision, each in ledger.approved.items() if each.at < killed}
    again = [each for each in ledger.of(Answered) if each.sent.at > back > killed and each.sent.signal_id in first]
    refused = sum(1 for each in again if _is_refused(each, Code.INTENT_DUPLICATE, first[each.sent.signal_id]))
    return Fact(
        "the duplicate was refused after the restart",
        bool(again) and refused == len(again),
        f"{refused} of {len(again)}, naming the approval from before the kill",
    )


FACTS: tuple[Callable[[Ledger], Fact], ...] = (
    nothing_unapproved,
    approvals_arrived,
    requests_answered,
    mistakes_refused,
    exits_passed,
    tightening_held,
    halt_held,
    nothing_during_outage,
    duplicate_refused,
)
"""Every fact, in the order of the story."""


def _order(order: Sent | Delivered | Verdict) -> tuple[str | None, str | None, str | None]:
    return order.strategy_id, order.symbol, order.action


def _is_refused(answer: Answered, code: Code, limit: str | None = None) -> bool:
    if answer.verdict is None or answer.verdict.approved:
        return False
    return any(breach.code is code and limit in {None, breach.limit} for breach in answer.verdict.breaches)
