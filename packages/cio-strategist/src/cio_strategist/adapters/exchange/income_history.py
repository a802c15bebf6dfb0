"""The account's income history, asked for as seldom as its changes allow: it costs much to ask."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from decimal import Decimal

from cio_strategist.adapters.exchange.account_forms import INCOME_PAGE, AnswerError, income_of, rows
from cio_strategist.domain.portfolio.reading import Income

INCOME_AGE = timedelta(minutes=1)
"""How long the income history is remembered while the wallet's balance stands: it costs much to ask."""
LATE_BOOKING = timedelta(seconds=15)
"""For how long after a change of the balance the income history is asked for at every reading."""
OVERLAP = timedelta(minutes=10)
"""How far back entries of the income history are asked for again: some are booked late."""

_MOST_PAGES = 60

Ask = Callable[[str, Mapping[str, str | int]], Awaitable[object]]
"""(path, parameters): a signed question to the exchange. Raises `ExchangeUnavailableError`."""


class IncomeHistory:
    """Entries of the present UTC day, and earlier transfers that the caller does not know yet."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask
        self._day: datetime | None = None
        self._incomes: dict[str, Income] = {}
        self._asked_at: datetime | None = None
        self._wallet: Decimal | None = None
        self._wallet_changed_at: datetime | None = None

    async def read(self, now: datetime, wallet: Decimal | None, known_until: datetime | None) -> tuple[Income, ...]:
        """Return all entries of the UTC day, and earlier transfers back to `known_until`.

        Every entry changes the balance of the `wallet`, so while that stands and stood for a while there is nothing new
        to ask for. Raises `AnswerError` for an answer of another form, and what asking raises.
        """
        midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
        if wallet is None or wallet != self._wallet:
            self._wallet, self._wallet_changed_at = wallet, now
        if self._day == midnight and not self._is_due(now):
            return tuple(self._incomes.values())
        if self._day != midnight:
            incomes: dict[str, Income] = {}
            if known_until is not None and known_until < midnight:
                await self._add(incomes, since=known_until - OVERLAP, kind="TRANSFER")
            since = midnight
        else:
            incomes = dict(self._incomes)
            newest = max((income.at for income in incomes.values()), default=midnight)
            since = max(midnight, newest - OVERLAP)
        await self._add(incomes, since=since)
        self._day, self._incomes, self._asked_at = midnight, incomes, now
        return tuple(incomes.values())

    def _is_due(self, now: datetime) -> bool:
        changed_at, asked_at = self._wallet_changed_at, self._asked_at
        if changed_at is None or asked_at is None or not timedelta(0) <= now - asked_at < INCOME_AGE:
            return True
        return now - changed_at < LATE_BOOKING

    async def _add(self, incomes: dict[str, Income], *, since: datetime, kind: str | None = None) -> None:
        start = milliseconds(since)
        for _ in range(_MOST_PAGES):
            wanted: dict[str, str | int] = {"startTime": start, "limit": INCOME_PAGE}
            if kind is not None:
                wanted["incomeType"] = kind
            page = [income_of(row) for row in rows(await self._ask("/fapi/v1/income", wanted))]
            incomes.update((income.key, income) for income in page)
            if len(page) < INCOME_PAGE:
                return
            newest = milliseconds(max(income.at for income in page))
            start = newest if newest > start else start + 1
        raise AnswerError(f"the income history has more than {_MOST_PAGES * INCOME_PAGE} entries")


def milliseconds(moment: datetime) -> int:
    """Return a moment as the exchange writes it: milliseconds since 1970."""
    return int(moment.timestamp() * 1000)
