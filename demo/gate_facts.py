"""Facts about the gate between bots and engine, each computed from what was observed. Pure."""

from demo.fact import Fact, order_of
from demo.ledger import Answered, Delivered, GateChanged, GateState, Ledger, Sent
from petrosa_contracts import Code

_PLANTED = {
    Code.ORDER_NOTIONAL_MAX,
    Code.STOP_INVALID,
    Code.INTENT_DUPLICATE,
    Code.REGIME_ENTRY,
    Code.PRICE_PHANTOM,
}


def nothing_unapproved(ledger: Ledger) -> Fact:
    """Check that every signal carries the decision of an approval of that very order, and no decision came twice."""
    orders = {decision: order_of(each.verdict) for decision, each in ledger.approved.items()}
    signals = ledger.of(Delivered)
    unapproved = sum(1 for signal in signals if orders.get(signal.decision_id or "") != order_of(signal))
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
        f"{len(named)} of {len(judged)}: too large, percent for fractions, sent twice, "
        "into a falling market, at a price of before",
    )


def exits_passed(ledger: Ledger) -> Fact:
    """Check that every close sent to a gate that was up, repeats aside, was approved and reached the engine."""
    sent = [each for each in ledger.while_gate_was(GateState.READY, Sent) if each.action == "close"]
    exits = [each.signal_id for each in sent if each.flaw is None]
    arrived = {signal.decision_id for signal in ledger.of(Delivered)}
    passed = {each.verdict.signal_id for decision, each in ledger.approved.items() if decision in arrived}
    through = sum(1 for name in exits if name in passed)
    return Fact(
        "exits passed all along, while the gate was up",
        bool(exits) and through == len(exits),
        f"{through} of {len(exits)}",
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


def _is_refused(answer: Answered, code: Code, limit: str | None = None) -> bool:
    if answer.verdict is None or answer.verdict.approved:
        return False
    return any(breach.code is code and limit in {None, breach.limit} for breach in answer.verdict.breaches)
