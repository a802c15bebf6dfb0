"""Parts of the gate, made from its settings."""

import hashlib
from collections.abc import Callable

from cio_decision.decoding import PayloadLimits
from cio_decision.freshness import Ages, Input
from cio_nurse import __version__
from cio_nurse.adapters.journal import FileJournal
from cio_nurse.adapters.nats import NatsConnection
from cio_nurse.domain.dialects import DIALECTS
from cio_nurse.ports import Clock, InputStore, LedgerStore, RecordProbe
from cio_nurse.service.inputs import Mirrors
from cio_nurse.service.ledger import Ledger
from cio_nurse.service.market_mirror import MarketMirror
from cio_nurse.service.pipeline import DecisionLimits
from cio_nurse.service.portfolio_mirror import PortfolioMirror
from cio_nurse.service.recording import Recorder
from cio_nurse.service.regime_mirror import RegimeMirror
from cio_nurse.service.rehearsal import PrivateTransport, Rehearsal
from cio_nurse.service.self_check import SelfCheck
from cio_nurse.settings import Settings
from petrosa_contracts.primal.file import PrimalStanding

_PERCENT = 100
_MILLISECONDS = 1000


def payload_limits(settings: Settings) -> PayloadLimits:
    """Return how large and deep a payload may be."""
    return PayloadLimits(max_bytes=settings.max_payload_bytes, max_depth=settings.max_payload_depth)


def decision_limits(settings: Settings, primal: PrimalStanding | None) -> DecisionLimits:
    """Return the limits of deciding that are no policy."""
    return DecisionLimits(
        deadline_seconds=settings.decision_deadline_ms / _MILLISECONDS,
        clock_tolerance_seconds=settings.clock_tolerance_seconds,
        max_orders_per_second=settings.max_orders_per_second,
        primal=primal.limits if primal else None,
    )


def journal(settings: Settings) -> FileJournal:
    """Return the journal of one gate, apart from those of gates on other NATS servers."""
    # A digest, because the address may hold a password.
    server = hashlib.sha256(settings.nats_url.get_secret_value().encode()).hexdigest()[:12]
    return FileJournal(settings.journal_folder / server, settings.instance, max_bytes=settings.journal_max_bytes)


def recorder(settings: Settings, primal: PrimalStanding | None) -> Recorder:
    """Return what is the same in every record of this gate."""
    return Recorder(
        instance=settings.instance,
        version=__version__,
        primal_digest=primal.limits.digest() if primal else None,
        limits=payload_limits(settings),
    )


def mirrors(settings: Settings, store: InputStore, clock: Clock) -> Mirrors:
    """Return the mirror of each input that the settings name."""
    tolerance_seconds = settings.clock_tolerance_seconds
    market = MarketMirror(
        store,
        clock,
        Ages(settings.market_max_age_seconds, settings.market_hard_age_seconds),
        band_share=settings.price_band_pct / _PERCENT,
        tolerance_seconds=tolerance_seconds,
    )
    regime = RegimeMirror(
        store,
        clock,
        Ages(settings.regime_max_age_seconds, settings.regime_hard_age_seconds),
        tolerance_seconds=tolerance_seconds,
    )
    portfolio = PortfolioMirror(
        store,
        clock,
        Ages(settings.portfolio_max_age_seconds, settings.portfolio_hard_age_seconds),
        drawdown_limit=settings.drawdown_limit_pct / _PERCENT,
        tolerance_seconds=tolerance_seconds,
    )
    return Mirrors(
        market=market if Input.MARKET in settings.inputs else None,
        regime=regime if Input.REGIME in settings.inputs else None,
        portfolio=portfolio if Input.PORTFOLIO in settings.inputs else None,
    )


def self_check(
    settings: Settings,
    *,
    primal: PrimalStanding | None,
    connection: NatsConnection,
    private: str,
    store: LedgerStore,
    probe: RecordProbe,
    records_needed: Callable[[], bool],
    clock: Clock,
) -> SelfCheck:
    """Return the self-check over the connection that intents come on; what it sends goes below `private`."""

    def rehearse(transport: PrivateTransport, ledger: Ledger) -> Rehearsal:
        return Rehearsal(
            transport=transport,
            ledger=ledger,
            records=probe,
            records_needed=records_needed,
            recorder=recorder(settings, primal),
            dialect=DIALECTS[settings.engine_dialect],
            signals=settings.signals,
            clock=clock,
            limits=decision_limits(settings, primal),
        )

    return SelfCheck(
        transport=connection,
        private=private,
        store=store,
        rehearse=rehearse,
        records_needed=records_needed,
        signals=settings.signals,
        clock=clock,
        reservation_seconds=settings.reservation_seconds,
    )
