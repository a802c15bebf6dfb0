"""Troubles with the portfolio: told once when one begins, whether or not intents come, and once when it is over."""

import asyncio
from collections.abc import Callable, Mapping

import structlog

from cio_nurse.domain.portfolio_troubles import KINDS, Found, Kind, Known, Trouble, named
from cio_nurse.ports import Clock
from cio_nurse.service.inputs import LiveInputs
from cio_nurse.service.mirror import Mirror
from petrosa_contracts import Alert, AlertSeverity
from petrosa_contracts.primal.file import PrimalStanding

LOOK_SECONDS = 1.0
"""How often portfolio and limits are compared; the portfolio is read as often."""

_log = structlog.stdlib.get_logger()


class PortfolioTroubles:
    """Tells of limits that the portfolio is beyond, and of a position mode that is not the policy's.

    All gates see the same, so their alerts have the same keys: readers drop all but the first, and what a gate tells
    again after a restart. `reasons` may be asked from another thread.
    """

    def __init__(
        self,
        *,
        inputs: LiveInputs,
        mirror: Mirror,
        primal: PrimalStanding | None,
        tell: Callable[[Alert], None],
        clock: Clock,
    ) -> None:
        self._inputs = inputs
        self._mirror = mirror
        self._primal = primal.limits if primal else None
        self._tell_alert = tell
        self._clock = clock
        self._lasting: Mapping[str, Found] = {}

    @property
    def kinds(self) -> tuple[str, ...]:
        """The names of all that can be noticed."""
        return tuple(kind.name for kind in KINDS)

    def lasts(self, kind: str) -> bool:
        """Whether one of that kind has begun and not ended."""
        return kind in self._lasting

    def reasons(self) -> tuple[str, ...]:
        """Return a sentence on each kind that lasts, without a full stop."""
        return tuple(f"{found.fact} {named(found.troubles)}" for found in self._lasting.values())

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            self.note()
            await asyncio.sleep(LOOK_SECONDS)

    def note(self) -> None:
        """Log and alert what has begun or ended since this was last called; nothing without portfolio or policy."""
        known = self._known()
        if known is None:
            return
        before = {name: found.troubles for name, found in self._lasting.items()}
        looked = {kind.name: kind.look(known) for kind in KINDS}
        self._lasting = {name: found for name, found in looked.items() if found.troubles}
        for kind in KINDS:
            was, found = before.get(kind.name, frozenset()), looked[kind.name]
            if over := was - found.troubles:
                self._tell_end(kind, over, known)
            if new := found.troubles - was:
                self._tell_begin(kind, new, found.fact, known)

    def _known(self) -> Known | None:
        view, snapshot = self._inputs.portfolio_view(), self._mirror.view.snapshot
        if view is None or view.state is None or snapshot is None:
            return None
        return Known(view.state, view.drawdown_limit, snapshot.layers, self._primal, self._clock.now().date())

    def _tell_begin(self, kind: Kind, new: frozenset[Trouble], fact: str, known: Known) -> None:
        what = f"{fact} {named(new)}"
        _log.error("portfolio_trouble_began", kind=kind.name, reason=what)
        stops_all = bool(kind.latch) and any(trouble.is_everywhere for trouble in new)
        severity = AlertSeverity.CRITICAL if stops_all else AlertSeverity.WARNING
        message = f"{what}, as the account was read at {known.state.as_of:%H:%M:%S}Z: {kind.advice}"
        self._tell(kind, "began", new, severity, message)

    def _tell_end(self, kind: Kind, over: frozenset[Trouble], known: Known) -> None:
        # Midnight, or an operator, ends all of a kind at once, so what is true of one is true of all.
        why = kind.why_over(next(iter(over)), known)
        _log.info("portfolio_trouble_ended", kind=kind.name, rules=named(over), reason=why)
        self._tell(kind, "ended", over, AlertSeverity.INFO, f"{kind.name} is over under {named(over)}: {why}")

    def _tell(
        self, kind: Kind, phase: str, troubles: frozenset[Trouble], severity: AlertSeverity, message: str
    ) -> None:
        told = sorted(f"{each.scope} {each.rule} {each.day} {each.cleared}" for each in troubles)
        self._tell_alert(
            Alert.of(
                kind.name,
                "nurse",
                category="portfolio",
                severity=severity,
                message=message,
                at=self._clock.now(),
                cause=f"{phase} {told}",
            )
        )
