"""A scripted stand-in for a language model: it knows nothing but what the authority's tools tell it."""

from typing import Any

from demo.desk import LIMIT, Desk, DeskError
from demo.ledger import Asked, Changed, Ledger, Words

_PLAY_SAFE = Words(
    reason="prices fall everywhere at once",
    thought_trace="All symbols fall within the same second, which is no bot's doing, and nobody knows where it ends. "
    "SAFE mode for everybody keeps orders within the fail-safe limits and lets nobody start with a new symbol, while "
    "exits pass. It runs out by itself, so nobody has to remember to lift it.",
)
_TIGHTEN = Words(
    reason="orders of up to 1000 USD are too large in a crash",
    thought_trace="Every symbol fell by more than ten percent within seconds, and one strategy goes on opening large "
    "orders into that. The limit on one order bounds what each mistake costs and needs no other data. Lowering it to "
    "300 USD cuts the worst order by 70 percent; steady bots trade at 50 to 140 USD and are not affected.",
)
_HALT = Words(
    reason="panicked in the crash",
    thought_trace="The strategy keeps asking for tens of thousands of dollars in both directions while prices fall, "
    "which no limit on size explains: it is broken or panicking. Halting it alone leaves its exits open and everybody "
    "else trading; a person can look at it in quiet and resume it.",
)
_LOOSEN = Words(
    reason="the market has recovered",
    thought_trace="Prices have been stable since the crash ended, and are live again since they froze, so the tight "
    "limit now costs trades without preventing losses. Going back from 300 to 1000 USD is what held before; it more "
    "than triples the largest order, so an operator may want to look at it first.",
)


class Model:
    """Works the tools from `desk`, the way a model would: learn, look, preview, act."""

    def __init__(self, desk: Desk, ledger: Ledger) -> None:
        self._desk = desk
        self._ledger = ledger

    async def learn(self) -> None:
        """Discover the tools, and what the limit means, from the list alone."""
        tools = {tool.name: tool for tool in await self._desk.tools()}
        known = _described(tools["patch_config"].input_schema) if "patch_config" in tools else None
        if known is None:
            raise DeskError(f"the tools do not explain {LIMIT}")
        self._desk.note(
            f"finds {len(tools)} tools; {LIMIT} is in {known['x-unit']}, {known['minimum']:,.0f} to "
            f"{known['maximum']:,.0f}, and a higher value {known['x-risk']} risk"
        )

    async def play_safe(self, seconds: int) -> Changed:
        """Put everybody into SAFE mode for some seconds."""
        changed = await self._desk.change(
            "set_control", _PLAY_SAFE, safe_seconds=seconds, scope="global", mode="SAFE", duration=f"{seconds}s"
        )
        self._desk.note(f'set_control global SAFE for {seconds} s, "{_PLAY_SAFE.reason}"')
        return changed

    async def tighten(self, usd: float) -> Changed:
        """Lower the limit for all orders, after a look at what that would do."""
        was = await self._desk.read_limit()
        seen = await self._desk.preview_limit(change="patch", parameters={LIMIT: usd})
        self._desk.note(f"preview_change global {LIMIT} {was:g} -> {usd:g}: {seen['direction']}, would {seen['would']}")
        changed = await self._desk.change(
            "patch_config",
            _TIGHTEN,
            limit_usd=seen["effect"]["after"],
            scope="global",
            parameters={LIMIT: usd},
            expect_version=seen["version"],
        )
        self._desk.note(f'patch_config global {LIMIT}={usd:g}, "{_TIGHTEN.reason}"')
        return changed

    async def halt(self, strategy_id: str) -> Changed:
        """Halt one strategy."""
        scope = f"strategy:{strategy_id}"
        changed = await self._desk.change("set_control", _HALT, halted=strategy_id, scope=scope, mode="HALTED")
        self._desk.note(f'set_control {scope} HALTED, "{_HALT.reason}"')
        return changed

    async def ask_back(self, usd: float) -> Asked:
        """Try to raise the limit to `usd` on its own; return what came of it, applied or not."""
        asked_at = self._desk.now()
        told = await self._desk.call(
            "patch_config",
            scope="global",
            parameters={LIMIT: usd},
            reason=_LOOSEN.reason,
            thought_trace=_LOOSEN.thought_trace,
        )
        asked = Asked(at=asked_at, limit_usd=usd, proposal_id=told["proposal_id"])
        self._ledger.record(asked)
        self._desk.note(f"patch_config global {LIMIT}={usd:g}: {told['status']}, it loosens beyond a model's budget")
        return asked


def _described(schema: dict[str, Any]) -> dict[str, Any] | None:
    """Return the schema of the limit inside that of `patch_config`; None if it is not as promised."""
    parameters = schema.get("properties", {}).get("parameters", {}).get("properties", {})
    found = parameters.get(LIMIT, {})
    return found if {"x-unit", "x-risk", "minimum", "maximum"} <= found.keys() else None
