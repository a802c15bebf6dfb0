"""Rows: the verdicts, and the silence where there was none, as a person reads them. Pure."""

import re
from dataclasses import dataclass

from demo.ledger import Answered, GateChanged, GateState, Judged, Ledger, Sent
from petrosa_contracts import Verdict

_DECISION_ID = re.compile(r"\b([0-9a-f]{8})[0-9a-f]{24}\b")


@dataclass(frozen=True, slots=True)
class Row:
    """One intent and what became of it. `approved` is None where nobody answered."""

    at: float
    strategy_id: str
    action: str
    symbol: str
    usd: float
    approved: bool | None
    outcome: str
    reason: str = ""


def rows(ledger: Ledger) -> list[Row]:
    """Return a row per verdict, and one per intent that met no gate, in the order in which that was known."""
    usd = {sent.signal_id: sent.usd for sent in ledger.of(Sent)}
    found: list[Row] = []
    gone = False
    for event in ledger.events:
        match event:
            case GateChanged(state=state):
                gone = state is GateState.KILLED
            case Judged(at=at, verdict=verdict):
                found.append(_judged(at, verdict, usd.get(verdict.signal_id or "", 0.0)))
            case Answered(at=at, sent=sent, verdict=None):
                found.append(_unheard(at, sent, "no answer"))
            case Sent(at=at, asks=False) if gone:
                found.append(_unheard(at, event, "not heard"))
            case _:
                pass
    return found


def _judged(at: float, verdict: Verdict, usd: float) -> Row:
    outcome = "approved" if verdict.code is None else verdict.code.value
    reason = "" if verdict.approved else _DECISION_ID.sub(r"\1…", verdict.message)
    order = (verdict.strategy_id or "?", verdict.action or "?", verdict.symbol or "?", usd)
    return Row(at, *order, verdict.approved, outcome, reason)


def _unheard(at: float, sent: Sent, outcome: str) -> Row:
    return Row(at, sent.strategy_id, sent.action, sent.symbol, sent.usd, None, outcome)
