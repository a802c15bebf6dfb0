"""Facts about policy: who changed it, what became of that at the gate, and whether it can be told afterwards. Pure."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from demo.fact import EFFECT_LIMIT_MS, OPENS, Fact, effect, in_force, order_of
from demo.ledger import Asked, Changed, Delivered, Judged, Ledger, LimitRead, Seat, Sent, Trail
from petrosa_contracts import Code, Mode, Verdict


@dataclass(frozen=True, slots=True)
class _Limits:
    """The two changes of the limit: the model's lower one, and the operator's way back. `after` may be missing."""

    lowered: Changed
    lowered_usd: float
    restored: Changed | None

    @property
    def until(self) -> float:
        return math.inf if self.restored is None else self.restored.at


@dataclass(frozen=True, slots=True)
class _Large:
    """A verdict on an order that the lower limit does not allow."""

    at: float
    order: tuple[str | None, str | None, str | None, float]
    verdict: Verdict

    @property
    def is_too_large(self) -> bool:
        return self.verdict.code is Code.ORDER_NOTIONAL_MAX


def tightening_held(ledger: Ledger) -> Fact:
    """Check that one order passed before the tightening and not after it, and that nothing above the limit did."""
    claim = f"the model's tighter limit was enforced within {EFFECT_LIMIT_MS} ms"
    limits = _limits(ledger)
    if limits is None:
        return Fact(claim, holds=False, detail="the model never tightened")
    since, took = in_force(ledger, limits.lowered)
    judged = _large(ledger, limits.lowered_usd)
    before = {each.order for each in judged if each.verdict.approved and each.at < limits.lowered.at}
    later = [each for each in judged if since <= each.at < limits.until]
    let_through = sum(1 for each in later if each.verdict.approved)
    turned = before & {each.order for each in later if each.is_too_large}
    return Fact(
        claim,
        took <= EFFECT_LIMIT_MS and bool(turned) and not let_through,
        f"{effect(took)}; {len(turned)} order passed only before, {let_through} too large ones after",
    )


def safe_mode_held(ledger: Ledger) -> Fact:
    """Check that SAFE mode was in force for as long as the model said, and then over without anybody's doing."""
    claim = "everybody was in SAFE mode for as long as the model said, and not any longer"
    change = next((each for each in ledger.of(Changed) if each.safe_seconds), None)
    if change is None or change.safe_seconds is None:
        return Fact(claim, holds=False, detail="nobody was put into SAFE mode")
    took = in_force(ledger, change)[1]
    until = change.at + change.safe_seconds
    judged = [each for each in ledger.of(Judged) if (each.verdict.epoch or 0) >= (change.epoch or math.inf)]
    during = [each.verdict.mode for each in judged if each.at < until]
    later = [each.verdict.mode for each in judged if each.at > until + EFFECT_LIMIT_MS / 1000]
    safe, active = during.count(Mode.SAFE), later.count(Mode.ACTIVE)
    early, late = during.count(Mode.ACTIVE), later.count(Mode.SAFE)
    return Fact(
        claim,
        took <= EFFECT_LIMIT_MS and bool(safe and active) and not early and not late,
        f"{effect(took)}; {safe} verdicts in SAFE mode, {early} in none; {late} after {change.safe_seconds} s",
    )


def halt_held(ledger: Ledger) -> Fact:
    """Check that the halted strategy tried and failed to open, could close, and opened again once it was resumed."""
    claim = "the halted strategy opened nothing until the operator's code resumed it"
    halt = next((change for change in ledger.of(Changed) if change.halted is not None), None)
    if halt is None:
        return Fact(claim, holds=False, detail="nothing was halted")
    name, since, took = halt.halted, *in_force(ledger, halt)
    resumed = (each for each in ledger.of(Changed) if each.resumed == name and each.by is Seat.OPERATOR)
    until = next((each.at for each in resumed), math.inf)
    signals = [each for each in ledger.of(Delivered) if each.strategy_id == name and each.at > since]
    opened = sum(1 for each in signals if each.action in OPENS and each.at < until)
    closed = sum(1 for each in signals if each.action == "close" and each.at < until)
    again = sum(1 for each in signals if each.action in OPENS and each.at >= until)
    verdicts = [each.verdict for each in ledger.of(Judged) if each.verdict.strategy_id == name]
    refused = sum(1 for verdict in verdicts if verdict.code is Code.HALT_ACTIVE)
    return Fact(
        claim,
        took <= EFFECT_LIMIT_MS and bool(refused and closed and again) and not opened,
        f"{effect(took)}; {refused} orders refused, {opened} opened, {closed} exits passed; {again} opened later",
    )


def loosening_waited(ledger: Ledger) -> Fact:
    """Check that between the model's wish for a looser limit and an operator's act the gate knew nothing of it."""
    claim = "the model's own loosening waited for an operator"
    limits, asked = _limits(ledger), next(iter(ledger.of(Asked)), None)
    if limits is None or asked is None:
        return Fact(claim, holds=False, detail="the model never asked")
    between = [each for each in _large(ledger, limits.lowered_usd) if asked.at < each.at < limits.until]
    refused = sum(1 for each in between if each.is_too_large)
    approved = sum(1 for each in between if each.verdict.approved)
    known = max((change.epoch or 0 for change in ledger.of(Changed) if change.at < asked.at), default=0)
    judged = [each for each in ledger.of(Judged) if asked.at < each.at < limits.until]
    moved = sum(1 for each in judged if (each.verdict.epoch or 0) > known)
    agreed = limits.restored is not None and limits.restored.by is Seat.OPERATOR
    return Fact(
        claim,
        asked.proposal_id is not None and agreed and bool(refused) and not approved and not moved,
        f"{refused} too large orders refused meanwhile, {approved} approved; {moved} verdicts under another policy",
    )


def roll_back_restored(ledger: Ledger) -> Fact:
    """Check that what passed before the tightening, and not under it, passes again, under the limit of before."""
    claim = f"one step back restored what held before, within {EFFECT_LIMIT_MS} ms"
    limits, read = _limits(ledger), [each.usd for each in ledger.of(LimitRead)]
    if limits is None or limits.restored is None:
        return Fact(claim, holds=False, detail="nobody rolled back")
    since, took = in_force(ledger, limits.restored)
    judged = _large(ledger, limits.lowered_usd)
    passed_before = {each.order for each in judged if each.verdict.approved and each.at < limits.lowered.at}
    refused = {each.order for each in judged if each.is_too_large and limits.lowered.at < each.at < limits.until}
    passed_again = {each.order for each in judged if each.verdict.approved and each.at >= since}
    same = passed_before & refused & passed_again
    was, is_now = (read[0], read[-1]) if len(read) > 1 else (math.nan, math.nan)
    return Fact(
        claim,
        took <= EFFECT_LIMIT_MS and bool(same) and was == is_now == limits.restored.limit_usd,
        f"{effect(took)}; the limit was {was:g} USD and is {is_now:g}; {len(same)} refused order passes again",
    )


def all_enforced(ledger: Ledger) -> Fact:
    """Check that the authority said of every change that it was enforced, and that the gate judged under each."""
    changes, judged = ledger.of(Changed), ledger.of(Judged)
    told = sum(1 for change in changes if change.enforced)
    in_time = sum(1 for change in changes if in_force(ledger, change)[1] <= EFFECT_LIMIT_MS)
    newest = max((change.epoch or 0 for change in changes), default=None)
    last = judged[-1].verdict.epoch if judged else None
    return Fact(
        "nothing was left unenforced",
        bool(changes) and told == in_time == len(changes) and last == newest,
        f"{told} of {len(changes)} changes enforced as told, {in_time} met at the gate in time; it ends under epoch "
        f"{last or '-'} of {newest or '-'}",
    )


def history_explains(ledger: Ledger) -> Fact:
    """Check that the history holds each change and nothing else: who, why, the thought behind it, every version."""
    changes = ledger.of(Changed)
    records = [record for trail in ledger.of(Trail) for record in trail.records]
    known = {record.audit_id: record for record in records}
    found = [(change, known[change.audit_id]) for change in changes if change.audit_id in known]
    explained = sum(1 for change, record in found if record.by == change.by and record.words == change.words)
    versions = sorted(record.version for record in records if record.version is not None)
    return Fact(
        "the history tells who changed what, and why",
        bool(changes) and explained == len(changes) == len(records) and _is_gapless(versions),
        f"{explained} of {len(changes)} changes explained in {len(records)} records, versions {_listed(versions)}",
    )


def _limits(ledger: Ledger) -> _Limits | None:
    changes = [(each, each.limit_usd) for each in ledger.of(Changed) if each.limit_usd is not None]
    if not changes or changes[0][0].by is not Seat.MODEL:
        return None
    lowered, usd = changes[0]
    return _Limits(lowered, usd, next((each for each, limit in changes[1:] if limit > usd), None))


def _large(ledger: Ledger, limit_usd: float) -> list[_Large]:
    sent = {each.signal_id: each for each in ledger.of(Sent) if each.action in OPENS and each.usd > limit_usd}
    return [
        _Large(each.at, (*order_of(order), order.usd), each.verdict)
        for each in ledger.of(Judged)
        if (order := sent.get(each.verdict.signal_id or "")) is not None
    ]


def _is_gapless(versions: Sequence[int]) -> bool:
    return bool(versions) and list(versions) == list(range(1, len(versions) + 1))


def _listed(versions: Sequence[int]) -> str:
    return ", ".join(map(str, versions)) or "none"
