"""Facts about what the gate knows of market, regime and portfolio, each computed from what was observed. Pure."""

import math
from collections.abc import Sequence

from demo.fact import OPENS, Fact, order_of
from demo.ledger import Answered, BooksRead, Delivered, Judged, Ledger, MarketChanged, Pulse, Refused, RegimesRead, Sent
from demo.market import FORMS, Phase
from petrosa_contracts import Breach, Code, GovernanceStatus, Mode, RegimeStatus, Verdict, VolatilityPhase

_REGIME_CODES = {Code.REGIME_ENTRY, Code.REGIME_INCREASE, Code.REGIME_SIZE, Code.REGIME_STALE}


def regime_obeyed(ledger: Ledger) -> Fact:
    """Check that nothing opened where volatility is extreme, as the feed tells, and that no regime hindered others."""
    claim = "what crashed overnight could only be closed, and its regime stood in nobody else's way"
    told = next((each.regimes for each in ledger.of(RegimesRead)), dict[str, RegimeStatus]())
    extreme = {symbol for symbol in FORMS if symbol in told and told[symbol].volatility is VolatilityPhase.EXTREME}
    verdicts = [each.verdict for each in ledger.of(Judged)]
    wild = [verdict for verdict in verdicts if verdict.symbol in extreme]
    opened = sum(1 for verdict in wild if verdict.approved and verdict.action in OPENS)
    closed = sum(1 for verdict in wild if verdict.approved and verdict.action == "close")
    refused = sum(1 for verdict in wild if _measured(verdict, Code.REGIME_ENTRY) == VolatilityPhase.EXTREME)
    calm = [verdict for verdict in verdicts if verdict.symbol in FORMS.keys() - extreme]
    passed = sum(1 for verdict in calm if verdict.approved and verdict.action in OPENS)
    hindered = sum(1 for verdict in calm if verdict.code in _REGIME_CODES)
    return Fact(
        claim,
        bool(refused and closed and passed) and not opened and not hindered,
        f"{', '.join(sorted(extreme)) or 'nothing'} extreme: {refused} entries refused, {opened} passed, {closed} "
        f"exits passed; elsewhere {passed} entries passed, {hindered} met a regime",
    )


def phantom_refused(ledger: Ledger) -> Fact:
    """Check that each order planted at a price of before the crash was refused, at that distance from the live one."""
    claim = "an order at a price from before the crash was refused, the same one at the live price passed"
    answers = [each for each in ledger.of(Answered) if each.verdict is not None]
    stale = [each for each in answers if each.sent.flaw is Code.PRICE_PHANTOM]
    away = [breach for each in stale if (breach := _breach(each.verdict, Code.PRICE_PHANTOM)) is not None]
    last = max((each.at for each in stale), default=math.inf)
    orders = {_order(each.sent) for each in stale}
    later = [each for each in answers if each.at > last and _order(each.sent) in orders]
    passed = sum(1 for each in later if each.verdict is not None and each.verdict.approved)
    distances = ", ".join(f"{float(str(breach.measured)):.1f} %" for breach in away) or "nowhere"
    holds = bool(stale) and len(away) == len(stale) and bool(passed)
    return Fact(claim, holds, f"{len(away)} of {len(stale)} refused, {distances} away; {passed} passed later")


def fail_safe_recovered(ledger: Ledger) -> Fact:
    """Check what followed from frozen prices, in its order: careful, closed but for exits, and by itself as before."""
    claim = "with prices frozen the gate became careful, then let only exits out, and recovered by itself"
    frozen = next((each.at for each in ledger.of(MarketChanged) if each.phase is Phase.FROZEN), math.inf)
    thawed = next((each.at for each in ledger.of(MarketChanged) if each.at > frozen), math.inf)
    judged = [(each.at, each.verdict) for each in ledger.of(Judged)]
    during = [(at, verdict) for at, verdict in judged if frozen < at < thawed]
    careful = next((at for at, verdict in during if verdict.approved and verdict.mode is Mode.CONSERVATIVE), math.inf)
    stale = next((at for at, verdict in during if _breach(verdict, Code.MARKET_STALE)), math.inf)
    closed = sum(1 for at, verdict in during if at > stale and verdict.approved and verdict.action == "close")
    back = next(
        (
            at
            for at, verdict in judged
            if at > thawed and verdict.approved and verdict.action in OPENS and verdict.mode is Mode.ACTIVE
        ),
        math.inf,
    )
    told = _heard(ledger, frozen, thawed, GovernanceStatus.DEGRADED)
    told_again = _heard(ledger, thawed, math.inf, GovernanceStatus.GOVERNANCE_ACTIVE)
    return Fact(
        claim,
        careful < stale and bool(closed) and math.isfinite(back) and told and told_again,
        f"{_after(frozen, careful)} careful, {_after(frozen, stale)} closed, {closed} exits passed then; back "
        f"{_after(thawed, back)}; heartbeat {'DEGRADED' if told else 'silent'}, then "
        f"{'GOVERNANCE_ACTIVE' if told_again else 'not active'}",
    )


def daily_loss_held(ledger: Ledger) -> Fact:
    """Check that nothing opened once a verdict said that the day's loss is too large, and that exits passed."""
    claim = "once the day's loss was beyond its limit only exits passed"
    verdicts = [each.verdict for each in ledger.of(Judged)]
    losing = [verdict for verdict in verdicts if _breach(verdict, Code.DAILY_LOSS)]
    if not losing:
        return Fact(claim, holds=False, detail="the day's loss never was")
    since = min(verdict.received_at for verdict in losing)
    later = [verdict for verdict in verdicts if verdict.received_at >= since]
    opened = sum(1 for verdict in later if verdict.approved and verdict.action in OPENS)
    left = {signal.decision_id for signal in ledger.of(Delivered)}
    closed = sum(
        1 for verdict in later if verdict.approved and verdict.action == "close" and verdict.decision_id in left
    )
    breach = _breach(losing[0], Code.DAILY_LOSS)
    share, limit = (0.0, 0.0) if breach is None else (float(str(breach.measured)), float(str(breach.limit)))
    return Fact(
        claim,
        bool(closed) and not opened and share > limit,
        f"{share:.1%} lost, {limit:.0%} allowed: {len(losing)} orders refused, {opened} opened, {closed} exits passed",
    )


def books_agree(ledger: Ledger) -> Fact:
    """Check that each approved entry was filled on the exchange, and that gates see what is open there."""
    claim = "every approved entry was filled, and the portfolio that the gate sees is the exchange's"
    books = next(reversed(ledger.of(BooksRead)), None)
    if books is None:
        return Fact(claim, holds=False, detail="nobody compared")
    missing = ledger.unfilled
    entries = sum(1 for judged in ledger.approved.values() if judged.verdict.action in OPENS)
    same = sum(1 for key, quantity in books.exchange.items() if books.portfolio.get(key) == quantity)
    return Fact(
        claim,
        bool(entries and same) and not missing and books.exchange == books.portfolio and not books.differences,
        f"{entries - len(missing)} of {entries} filled, {same} of {len(books.exchange)} positions the same, "
        f"{len(books.differences)} differences told" + "".join(f"; {each.reason}" for each in ledger.of(Refused)),
    )


def _order(sent: Sent) -> tuple[str | None, str | None, str | None, float]:
    return (*order_of(sent), sent.usd)


def _breach(verdict: Verdict | None, code: Code) -> Breach | None:
    breaches: Sequence[Breach] = () if verdict is None else verdict.breaches
    return next((breach for breach in breaches if breach.code is code), None)


def _measured(verdict: Verdict, code: Code) -> object:
    breach = _breach(verdict, code)
    return None if breach is None or verdict.approved else breach.measured


def _heard(ledger: Ledger, since: float, until: float, status: GovernanceStatus) -> bool:
    return any(since < pulse.at < until and pulse.status is status for pulse in ledger.of(Pulse))


def _after(began: float, at: float) -> str:
    return f"after {at - began:.1f} s" if math.isfinite(at) else "never"
