"""The newest that is known of every listed symbol, and which symbols gates have not been told of."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from cio_strategist.domain.market.listing import Listed, Listing
from cio_strategist.domain.market.observation import Drop, Observation, PriceKind
from petrosa_contracts.market import LivePrice, MarketState, Quote


@dataclass(slots=True)
class _Symbol:
    listed: Listed
    rules_as_of: datetime
    prices: dict[PriceKind, LivePrice] = field(default_factory=dict[PriceKind, LivePrice])


class MarketBoard:
    """Bounded by what the exchange lists: of anything else nothing is kept.

    Changes wait here, at most one per symbol, until they are taken to be written.
    """

    def __init__(self) -> None:
        self._symbols: dict[str, _Symbol] = {}
        self._changed: dict[str, None] = {}
        self._is_read = False
        self.newest: datetime | None = None
        """When the newest price of all was made; None before the first."""

    def __len__(self) -> int:
        """Return how many symbols are listed."""
        return len(self._symbols)

    def __contains__(self, symbol: object) -> bool:
        """Whether a symbol is listed."""
        return symbol in self._symbols

    @property
    def waiting(self) -> int:
        """How many symbols have changes that are not written."""
        return len(self._changed)

    def restore(self, states: Iterable[MarketState], *, now: datetime) -> None:
        """Start from what was written earlier, unless a listing was read already. None of it counts as changed.

        Prices dated after `now` are left out: they would keep every true one away as late.
        """
        if self._is_read:
            return
        for state in states:
            kept = _Symbol(Listed(state.status, state.rules), state.rules_as_of)
            for kind in PriceKind:
                quote: Quote | None = getattr(state, kind.value)
                if quote is not None and quote.as_of <= now:
                    kept.prices[kind] = LivePrice(quote.price, quote.as_of)
            self._symbols[state.symbol] = kept

    def take_listing(self, listing: Listing, *, read_at: datetime) -> frozenset[str]:
        """Take over what the exchange lists, and return the symbols that it does not list any more.

        A symbol whose rules could not be read this time keeps those it had.
        """
        self._is_read = True
        before = self._symbols
        kept = {symbol: before[symbol] for symbol in listing.unreadable if symbol in before}
        self._symbols = {
            symbol: _Symbol(listed, read_at, before[symbol].prices if symbol in before else {})
            for symbol, listed in listing.symbols.items()
        } | kept
        self._changed.update(dict.fromkeys(listing.symbols))
        gone = frozenset(before.keys() - self._symbols.keys())
        for symbol in gone:
            self._changed.pop(symbol, None)
        return gone

    def observe(self, observation: Observation) -> Drop | None:
        """Take over the prices that are not older than those known; return why none was taken."""
        known = self._symbols.get(observation.symbol)
        if known is None:
            return Drop.UNLISTED
        taken = False
        for kind in observation.prices:
            before = known.prices.get(kind)
            if before is None or observation.as_of >= before.as_of:
                taken = True
                if (quote := observation.quote(kind)) != before:
                    known.prices[kind] = quote
                    self._changed[observation.symbol] = None
        if not taken:
            return Drop.LATE
        if self.newest is None or observation.as_of > self.newest:
            self.newest = observation.as_of
        return None

    def take_changed(self, limit: int) -> list[MarketState]:
        """Return the states of at most `limit` symbols that wait, the longest first. They wait no more."""
        taken = [symbol for symbol, _ in zip(self._changed, range(limit), strict=False)]
        for symbol in taken:
            del self._changed[symbol]
        return [self._state(symbol) for symbol in taken]

    def give_back(self, states: Iterable[MarketState]) -> None:
        """Let the symbols of states that could not be written wait again, with whatever is newest of them then."""
        self._changed.update(dict.fromkeys(state.symbol for state in states if state.symbol in self._symbols))

    def everything(self) -> list[MarketState]:
        """Return the state of every symbol."""
        return [self._state(symbol) for symbol in self._symbols]

    def _state(self, symbol: str) -> MarketState:
        known = self._symbols[symbol]
        return MarketState(
            symbol=symbol,
            status=known.listed.status,
            rules=known.listed.rules,
            rules_as_of=known.rules_as_of,
            **_quotes(known.prices),
        )


def _quotes(prices: Mapping[PriceKind, LivePrice]) -> dict[str, Quote]:
    return {kind.value: Quote(price=live.price, as_of=live.as_of) for kind, live in prices.items()}
