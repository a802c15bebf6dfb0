"""Redis keys and channels. The only place that spells them.

The ledger's keys carry the hash tag `{cio:ledger}`, so that on a cluster one script can touch all of them at once.
"""

from datetime import date

POLICY = "cio:policy"
"""Hash: scope key to `PolicyLayer` JSON."""

POLICY_VERSIONS = "cio:policy:versions"
"""Hash: scope key to the last version number given to that scope's layer. Only writers use it: it outlives the layer,
so that a scope that was cleared and set again goes on counting instead of giving one number to two contents."""

POLICY_EPOCH = "cio:policy:epoch"
"""Integer: counts every write to policy or control."""

POLICY_REVISION = "cio:policy:revision"
"""Integer: revision of the authority that policy and control in Redis show; not there where no authority owns them.
Gates do not need it: the authority tells by it whether Redis is behind, or was changed by somebody else."""

POLICY_CHANGED = "cio:policy:changed"
"""Channel: told after every write; the message is a hint, readers fetch the epoch themselves."""

CONTROL = "cio:control"
"""Hash: scope key to `ControlEntry` JSON."""

MARKET = "cio:market"
"""Hash: symbol to `MarketState` JSON, one field for every symbol of the exchange."""

MARKET_CHANGED = "cio:market:changed"
"""Channel: told after every write to the hash, with the changed symbols, blank-separated; empty: read all of it."""

REGIME = "cio:regime"
"""Hash: symbol, or `global` for the market as a whole, to `RegimeStatus` JSON."""

PORTFOLIO = "cio:portfolio"
"""`PortfolioState` JSON."""

PORTFOLIO_CLEARED = "cio:portfolio:cleared"
"""Hash: latch (`daily-loss`, `drawdown`) to `{"at", "by", "reason"}` of the last time an operator cleared it.

Written by the authority once the clearing is in the trail; the tracker obeys each instant once.
"""

_LEDGER = "{cio:ledger}"

RESERVED = f"{_LEDGER}:reserved"
"""Sorted set: decision id of each reservation, by the instant it ends at, ms since 1970."""

RESERVED_ORDERS = f"{_LEDGER}:reserved:orders"
"""Hash: decision id to what its order takes up, as `petrosa_contracts.reservations` writes it."""

RESERVED_SUMS = f"{_LEDGER}:reserved:sums"
"""Hash: sums over the reservations that no portfolio shows: `notional`, `leverage`, and `exit:` with each symbol."""

RESERVED_OPENINGS = f"{_LEDGER}:reserved:openings"
"""Hash: symbol and side to how many reservations that no portfolio shows open that position or add to it."""

RESERVED_SETTLED = f"{_LEDGER}:reserved:settled"
"""Sorted set: decision id of each reservation that a portfolio shows, by the first revision that does."""


def ledger_identity(identity: str) -> str:
    """Return the key that an approved intent's identity occupies; its value is the decision id that took it."""
    return f"{_LEDGER}:seen:{identity}"


def ledger_trades(day: date) -> str:
    """Return the key of the hash that counts a UTC day's approved trades per scope key."""
    return f"{_LEDGER}:trades:{day.isoformat()}"
