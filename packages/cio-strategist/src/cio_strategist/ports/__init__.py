"""What the services need from the outside: one module for each part of it, all exported here."""

from cio_strategist.ports.access import SecondFactor, SecondFactorStore, TokenStore
from cio_strategist.ports.alerts import AlertChannel, AlertOutlet
from cio_strategist.ports.clock import Clock
from cio_strategist.ports.decisions import BATCH, DecisionArchive
from cio_strategist.ports.fleet import BotClient
from cio_strategist.ports.market import CandleSource, FeedMetrics, FieldStore, MarketSource, RegimeOpinion
from cio_strategist.ports.policy import (
    AuthorityStore,
    ChangeT,
    Committed,
    Enforcer,
    History,
    PolicyStore,
    Projection,
    ProjectionMetrics,
)
from cio_strategist.ports.portfolio import AccountSource, LatchStore, PortfolioStore, ShownPortfolio, TrackerMetrics
from cio_strategist.ports.record import (
    ChainStore,
    EntryKey,
    Inserted,
    IntentStream,
    Lease,
    RecorderMetrics,
    RecordSource,
    RecordTracing,
    Taken,
    Trail,
)

__all__ = [
    "BATCH",
    "AccountSource",
    "AlertChannel",
    "AlertOutlet",
    "AuthorityStore",
    "BotClient",
    "CandleSource",
    "ChainStore",
    "ChangeT",
    "Clock",
    "Committed",
    "DecisionArchive",
    "Enforcer",
    "EntryKey",
    "FeedMetrics",
    "FieldStore",
    "History",
    "Inserted",
    "IntentStream",
    "LatchStore",
    "Lease",
    "MarketSource",
    "PolicyStore",
    "PortfolioStore",
    "Projection",
    "ProjectionMetrics",
    "RecordSource",
    "RecordTracing",
    "RecorderMetrics",
    "RegimeOpinion",
    "SecondFactor",
    "SecondFactorStore",
    "ShownPortfolio",
    "Taken",
    "TokenStore",
    "TrackerMetrics",
    "Trail",
]
