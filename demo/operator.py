"""The operator: a person who decides what the model may not, at the same tools."""  # noqa: A005

import pyotp

from demo.desk import LIMIT, Desk, DeskError
from demo.ledger import Asked, Changed, Ledger, Record, Trail, Words

_RESUME = Words(
    reason="looked at the strategy, it is calm again",
    thought_trace="Its last requests before the halt were a reaction to the crash, which is over: prices have been "
    "stable since. The tight limit still holds, so whatever it opens now stays small while it is watched.",
)
_REJECT = Words(
    reason="rolled back instead, so that no value of the crash stays behind",
    thought_trace="The reasoning holds: the crash is over. But approving would leave a limit of its own in the global "
    "scope for good, where none was before. Rolling back leads to the same number today and to the default tomorrow.",
)
_ROLL_BACK = Words(
    reason="the crash is over: back to what held before it",
    thought_trace="The tight limit was right for the crash and is not needed any longer. The preview shows that the "
    "step before the newest change of the global scope is exactly what held this morning, with no other difference.",
)
_MOST_RECORDS = 200


class Operator:
    """Works the tools from `desk`; the authenticator was set up with `totp_secret`."""

    def __init__(self, desk: Desk, ledger: Ledger, totp_secret: str) -> None:
        self._desk = desk
        self._ledger = ledger
        self._authenticator = pyotp.TOTP(totp_secret)

    async def resume(self, strategy_id: str) -> Changed:
        """Lift the halt of a strategy with the code that the authenticator shows."""
        scope = f"strategy:{strategy_id}"
        code = self._authenticator.now()
        changed = await self._desk.change("lift_control", _RESUME, resumed=strategy_id, scope=scope, code=code)
        self._desk.note(f'lift_control {scope} with a code, "{_RESUME.reason}"')
        return changed

    async def turn_down(self, asked: Asked) -> None:
        """Look at what the model asked for, and reject it."""
        if asked.proposal_id is None:
            raise DeskError("the model's loosening did not have to wait")
        found = await self._desk.call("get_proposal", proposal_id=asked.proposal_id)
        self._desk.note(f'get_proposal: {LIMIT} +{found["loosening"][LIMIT]:.0%}, "{found["reason"]}"; rejects it')
        await self._desk.call(
            "reject_proposal",
            proposal_id=asked.proposal_id,
            reason=_REJECT.reason,
            thought_trace=_REJECT.thought_trace,
        )

    async def roll_back(self) -> Changed:
        """Take the newest change of the global scope back in one step, and see which limit holds then."""
        seen = await self._desk.preview_limit(change="rollback", previous=True)
        changed = await self._desk.change(
            "rollback_to_version",
            _ROLL_BACK,
            limit_usd=seen["effect"]["after"],
            scope="global",
            previous=True,
            expect_version=seen["version"],
        )
        usd = await self._desk.read_limit()
        self._desk.note(f"rollback_to_version global, one step: {LIMIT} is {usd:g} again")
        return changed

    async def read_history(self) -> None:
        """Read all that was changed, by whom and why, and record it."""
        page = await self._desk.call("get_history", limit=_MOST_RECORDS)
        records = tuple(
            Record(
                each["id"], each["version"], each["caller"], Words(each["reason"] or "", each["thought_trace"] or "")
            )
            for each in page["records"]
        )
        self._ledger.record(Trail(at=self._ledger.now(), records=records))
        self._desk.note(f"get_history: {len(records)} changes, each with who, why and the thought behind it")
