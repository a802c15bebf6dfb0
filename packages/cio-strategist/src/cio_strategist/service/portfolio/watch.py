"""What somebody should know of the portfolio: told once when it begins, and again only after it has ended."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from cio_strategist.ports import AlertChannel
from petrosa_contracts import Alert, AlertSeverity, PortfolioState

AWAY_AFTER = timedelta(seconds=30)
"""How old the newest reading may become before it is told."""

_SERVICE = "tracker"


class PortfolioWatch:
    """Raises alerts about the portfolio."""

    def __init__(self, alerts: AlertChannel) -> None:
        self._alerts = alerts
        self._is_away = False
        self._has_balance = True
        self._differences: frozenset[str] = frozenset()

    def published(self, state: PortfolioState, now: datetime) -> None:
        """Look at a state that was published."""
        self._is_away = self._is_away and now - state.as_of > AWAY_AFTER
        if state.equity is None and self._has_balance:
            message = "the exchange does not tell the margin balance: equity, loss and drawdown are unknown"
            self._tell("portfolio_balance_unknown", AlertSeverity.CRITICAL, message, now)
        self._has_balance = state.equity is not None
        # By position, for the quantities that differ change with every fill.
        named = {difference.partition(":")[0]: difference for difference in state.differences}
        for position in sorted(named.keys() - self._differences):
            message = f"execution events and exchange do not agree, the exchange is believed: {named[position]}"
            self._tell("portfolio_differs", AlertSeverity.WARNING, message, now, cause=(position,))
        self._differences = frozenset(named)

    def away(self, as_of: datetime | None, why: str, now: datetime) -> None:
        """Look at an attempt to read the account that failed."""
        if self._is_away or as_of is None or now - as_of <= AWAY_AFTER:
            return
        self._is_away = True
        message = f"the account was last read at {as_of:%Y-%m-%d %H:%M:%S}Z, gates see it age: {why}"
        self._tell("portfolio_not_read", AlertSeverity.CRITICAL, message, now)

    def lost(self, problem: str, now: datetime) -> None:
        """Look at a portfolio that was published before and cannot be read any more."""
        message = (
            "the portfolio in Redis cannot be read and is begun anew: the day's start, the peak and what was latched "
            f"are lost, halt what they held back ({problem})"
        )
        self._tell("portfolio_lost", AlertSeverity.CRITICAL, message, now)

    def _tell(
        self, action: str, severity: AlertSeverity, message: str, now: datetime, *, cause: Iterable[str] = ()
    ) -> None:
        self._alerts.tell(
            Alert.of(
                action,
                _SERVICE,
                category="portfolio",
                severity=severity,
                message=message,
                at=now,
                # The hour keeps a second outage of the day from being dropped as a repeat of the first.
                cause=" ".join((*cause, f"{now:%Y-%m-%dT%H}")),
            )
        )
