"""The market's part of the play: crash, stale price, frozen feed and a day's loss, and what the gate makes of each."""

import asyncio
from collections.abc import Callable

from demo.bots import FORGETFUL, RECKLESS, Wish
from demo.ledger import Ledger, MarketChanged, Pulse
from demo.market import Market, Phase
from demo.probe import Probe, is_approved, outcome, refused_for
from petrosa_contracts import Code, GovernanceStatus, Mode, Verdict

SMALL = Wish("buy", usd=200)
_SECOND_FALL_SECONDS = 2.0
_PATIENCE_SECONDS = 20.0
"""How long an input may take to change the gate's mind; on a quiet machine a few seconds."""
_PAUSE_SECONDS = 0.5
_POLL_SECONDS = 0.02


class Weather:
    """Does to the market what the play needs, and looks at the gate through probes."""

    def __init__(self, market: Market, probe: Probe, ledger: Ledger) -> None:
        self._market = market
        self._probe = probe
        self._ledger = ledger

    async def crash(self, seconds: float) -> float:
        """Let all prices fall for `seconds`; return what the reckless bot's symbol cost before."""
        before = self._probe.price(RECKLESS.symbol)
        await self._market.crash(seconds)
        self._is(Phase.CRASH)
        self._probe.note("the market crashes")
        return before

    async def order_at_a_phantom_price(self, before: float) -> None:
        """Let a bot whose own feed hangs order at the price from before the crash, then at the live one."""
        stale = await self._probe.send(RECKLESS, SMALL, price=before, flaw=Code.PRICE_PHANTOM)
        live = await self._until(is_approved)
        self._probe.note(
            f"a bot still sees {before:,.0f} for {RECKLESS.symbol}: {outcome(stale)}; "
            f"at {self._probe.price(RECKLESS.symbol):,.0f}: {outcome(live)}"
        )

    async def freeze(self) -> None:
        """Let prices stand still until nothing opens any more, then move again until all is as before."""
        await self._market.freeze()
        began = self._is(Phase.FROZEN)
        self._probe.note("prices freeze: nothing new comes from the exchange")
        careful = await self._until(lambda verdict: verdict.mode is not Mode.ACTIVE)
        self._probe.note(f"  after {self._since(began)}: {_mode(careful)}, a small order is {outcome(careful)}")
        lost = await self._until(refused_for(Code.MARKET_STALE))
        close = await self._probe.send(RECKLESS, Wish("close"))
        degraded = await self._pulse(began, GovernanceStatus.DEGRADED)
        self._probe.note(
            f"  after {self._since(began)}: it is {outcome(lost)}, a close is {outcome(close)}; heartbeat {degraded}"
        )
        await self._market.thaw()
        thawed = self._is(Phase.CALM)
        self._probe.note("prices move again")
        well = await self._until(lambda verdict: verdict.approved and verdict.mode is Mode.ACTIVE)
        active = await self._pulse(thawed, GovernanceStatus.GOVERNANCE_ACTIVE)
        self._probe.note(f"  after {self._since(thawed)}: {_mode(well)}, {outcome(well)}; heartbeat {active}")

    async def fall_again(self) -> None:
        """Let prices fall until the day's loss is beyond its limit, and see that only exits pass."""
        await self._market.crash_again(_SECOND_FALL_SECONDS)
        began = self._is(Phase.CRASH)
        self._probe.note("the market falls again, and the fund with it")
        latched = await self._until(refused_for(Code.DAILY_LOSS))
        self._probe.note(f"  after {self._since(began)}: {_said(latched, Code.DAILY_LOSS)}")
        for bot in (RECKLESS, FORGETFUL):
            close = await self._probe.send(bot, Wish("close"))
            self._probe.note(f"  {bot.strategy_id} gets out: {outcome(close)}")

    async def _until(self, wanted: Callable[[Verdict], bool]) -> Verdict | None:
        return await self._probe.until(RECKLESS, SMALL, wanted, seconds=_PATIENCE_SECONDS, pause=_PAUSE_SECONDS)

    async def _pulse(self, since: float, wanted: GovernanceStatus) -> str:
        """Return the status of the newest heartbeat, waiting for the one that is wanted."""
        deadline = self._ledger.now() + _PATIENCE_SECONDS
        while True:
            heard = [pulse.status for pulse in self._ledger.of(Pulse) if pulse.at > since]
            if heard[-1:] == [wanted] or self._ledger.now() > deadline:
                return heard[-1] if heard else "not heard"
            await asyncio.sleep(_POLL_SECONDS)

    def _is(self, phase: Phase) -> float:
        now = self._ledger.now()
        self._ledger.record(MarketChanged(at=now, phase=phase))
        return now

    def _since(self, began: float) -> str:
        return f"{self._ledger.now() - began:.1f} s"


def _mode(verdict: Verdict | None) -> str:
    return "no answer" if verdict is None else f"the gate is {verdict.mode}"


def _said(verdict: Verdict | None, code: Code) -> str:
    breaches = () if verdict is None else verdict.breaches
    return next((f"{code}: {breach.message}" for breach in breaches if breach.code is code), "no order was refused")
