"""What comes with every change: who, why, and on the strength of which knowledge."""

from dataclasses import dataclass

from cio_strategist.domain.access.caller import Caller, CallerClass
from cio_strategist.domain.access.thought import LONGEST_REASON, check_thought
from cio_strategist.errors import UsageError


@dataclass(frozen=True, slots=True)
class ChangeRequest:
    """The circumstances of a change, all of which reach the audit trail."""

    caller: Caller
    reason: str | None = None
    """Why, in the caller's words. Agents must give one."""
    thought_trace: str | None = None
    """The reasoning behind it. Agents must give one of substance."""
    changed_by: str | None = None
    """Who the caller says is changing, such as a client of the engine's config API; None: the caller."""
    expect_version: int | None = None
    """Only if the scope is at this version (0: it has no config and never had one); None: whatever it is."""
    idempotency_key: str | None = None
    """The same key again gives the first answer again, for a day."""
    request_id: str | None = None
    """Id of the HTTP request or MCP call, for whoever traces it."""

    @property
    def author(self) -> str:
        """Who signs the change."""
        return (self.changed_by or "").strip() or self.caller.name

    def needed_reason(self, what: str) -> str:
        """Return why, which must be said whoever asks, because it is read in alerts and on small screens.

        Raises `UsageError` without a reason, naming `what` it should say, and for one that is too long.
        """
        reason = (self.reason or "").strip()
        if not reason:
            raise UsageError(f"a reason is needed: say in a few words {what}")
        if len(reason) > LONGEST_REASON:
            raise UsageError(f"the reason is too long: {LONGEST_REASON} characters at most")
        return reason

    def check(self) -> None:
        """Raise `UsageError` unless an agent, and whoever gives a thought trace, says why in words that can be read.

        A person's reason alone is taken as it is: no halt may fail on a character in it.
        """
        if self.caller.kind is CallerClass.AGENT or self.thought_trace is not None:
            check_thought(self.thought_trace, self.reason)
