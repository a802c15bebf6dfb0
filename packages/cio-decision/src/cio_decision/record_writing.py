"""From a decision to its record: JSON that `DecisionRecord` reads.

It is written from plain values, because building the models first would cost the gate more than the decision itself.
"""

from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from hashlib import sha256
from typing import Any, Final, Self

from pydantic_core import to_json

from cio_decision.context import Context, MarketView, PortfolioView, RegimeView
from cio_decision.decoding import PayloadLimits
from cio_decision.evaluation import Findings
from cio_decision.gates import GATES
from petrosa_contracts import Mode, Side, Verdict, VolatilityPhase
from petrosa_contracts.record import RECORD_FORM
from petrosa_contracts.streams import MESSAGE_ID

SHORT = 1024
"""What is left of a payload, bytes, and of a message id, characters, when the whole does not fit into a record."""

_NAMES: Final = {gate.code: gate.code.value for gate in GATES}
"""Codes as text: encoding an enumeration's member costs ten times as much."""

_PLAIN: Mapping[type, Callable[[Any], Any]] = {Decimal: float, Mode: str, Side: str, VolatilityPhase: str}
"""How measures become what JSON holds, by their type; all others are that already."""


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


class _Written:
    """The JSON of values that many decisions share: layers, limits, what is known of market, regime and portfolio.

    They are far larger than the rest of a record and change far less often than decisions are made. Values are told
    apart by identity, so whatever is given here must never change; it is held, so that no other value can come to have
    its identity.
    """

    MOST = 4096

    def __init__(self) -> None:
        self._known: dict[int, tuple[object, bytes]] = {}

    def json_of(self, value: object) -> bytes:
        """Return a value as JSON."""
        known = self._known.get(id(value))
        if known is not None:
            return known[1]
        if len(self._known) >= self.MOST:
            self._known.clear()
        written = to_json(value, fallback=dict)  # a read-only mapping
        self._known[id(value)] = (value, written)
        return written


_shared = _Written().json_of


def record_json(
    origin: Origin,
    verdict: Verdict,
    context: Context | None = None,
    findings: Findings | None = None,
    *,
    withdraws: bool = False,
) -> bytes:
    """Return the record of a decision as JSON.

    Context and findings are left out for what could not be read or found no room.
    """
    own = to_json(
        {
            "form": RECORD_FORM,
            "verdict": verdict,
            "raw": b64encode(origin.raw),
            "raw_digest": origin.raw_digest,
            "subject": origin.subject,
            "headers": dict(origin.headers),
            "max_payload_bytes": origin.limits.max_bytes,
            "max_payload_depth": origin.limits.max_depth,
            "passed": {} if findings is None else _passed(findings),
            "instance": origin.instance,
            "version": origin.version,
            "primal_digest": origin.primal_digest,
            "trace_id": origin.trace_id,
            "withdraws": withdraws,
        }
    )
    return b'%b,"inputs":%b}' % (own[:-1], b"null" if context is None else _inputs(context))


def _inputs(context: Context) -> bytes:
    own = to_json(
        {
            "now": context.now,
            "answer_by": context.answer_by,
            "system_mode": context.system_mode.value,
            "system_reason": context.system_reason,
            "control": context.control,
            "symbol_known": context.symbol_known,
            "ledger": _ledger(context),
            "orders_last_second": context.orders_last_second,
            "max_orders_per_second": context.max_orders_per_second,
            "clock_tolerance_seconds": context.clock_tolerance_seconds,
            "decision_seconds": context.decision_seconds,
            "decision_deadline_seconds": context.decision_deadline_seconds,
            "audit_available": context.audit_available,
        }
    )
    return b'%b,"layers":%b,"market":%b,"regime":%b,"portfolio":%b,"failsafe":%b,"primal":%b}' % (
        own[:-1],
        _shared(context.policy.layers),
        _market(context.market),
        _regime(context.regime),
        _portfolio(context.portfolio),
        _shared(context.failsafe),
        _shared(context.primal),
    )


def _market(view: MarketView | None) -> bytes:
    if view is None:
        return b"null"
    known = _shared(view.state), _shared(view.listed), _shared(view.ages), _shared(view.band_share)
    return b'{"state":%b,"listed":%b,"ages":%b,"band_share":%b}' % known


def _regime(view: RegimeView | None) -> bytes:
    if view is None:
        return b"null"
    return b'{"symbol":%b,"market":%b,"ages":%b}' % (_shared(view.symbol), _shared(view.market), _shared(view.ages))


def _portfolio(view: PortfolioView | None) -> bytes:
    if view is None:
        return b"null"
    known = _shared(view.state), _shared(view.ages), _shared(view.drawdown_limit)
    return b'{"state":%b,"ages":%b,"drawdown_limit":%b}' % known


def _ledger(context: Context) -> dict[str, Any]:
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


def _passed(findings: Findings) -> dict[str, tuple[Any, Any]]:
    # Written out, because a call for each of some sixty values would be a tenth of what a record costs.
    return {
        _NAMES[code]: (
            convert(measured) if (convert := _PLAIN.get(type(measured))) else measured,
            convert(limit) if (convert := _PLAIN.get(type(limit))) else limit,
        )
        for code, (measured, limit) in findings.measured.items()
    }
