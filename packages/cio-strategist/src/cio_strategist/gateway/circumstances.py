"""The circumstances of a write: what headers and body say about who, why and on which knowledge."""

from dataclasses import dataclass
from typing import Annotated, TypeVar

from fastapi import Depends, Header, Query, Request
from pydantic import BaseModel, ConfigDict, Field

from cio_strategist.domain.access.caller import Caller
from cio_strategist.domain.access.request import ChangeRequest
from cio_strategist.domain.access.thought import LONGEST_REASON, LONGEST_THOUGHT
from cio_strategist.errors import UsageError
from cio_strategist.gateway.answers import expected_version
from cio_strategist.gateway.problems import request_id_of
from cio_strategist.service.policy.writer import LONGEST_KEY

_WhyT = TypeVar("_WhyT", bound="Why")

THOUGHT_EXAMPLE = (
    "Realised volatility of BTCUSDT doubled within the hour and the book thinned out. At today's leverage one usual "
    "swing would reach the stop, so less leverage keeps losses within the daily limit until it calms down."
)
Reason = Annotated[
    str | None,
    Field(
        default=None,
        max_length=LONGEST_REASON,
        description="Why, in a few words, for whoever reads the history. Agents must give one.",
        examples=["volatility doubled"],
    ),
]
ThoughtTrace = Annotated[
    str | None,
    Field(
        default=None,
        max_length=LONGEST_THOUGHT,
        description="The reasoning: what was observed, what it means, why this answers it. Agents must give one.",
        examples=[THOUGHT_EXAMPLE],
    ),
]


class Why(BaseModel):
    """Why something is done. Every body of a write may carry it."""

    model_config = ConfigDict(extra="forbid")

    reason: Reason = None
    thought_trace: ThoughtTrace = None


class Proven(Why):
    """Why something is done, and the second factor that it may take."""

    code: str | None = Field(
        default=None,
        max_length=64,
        description="Code of the second factor, six digits; X-Second-Factor may carry it instead.",
        examples=["492039"],
    )


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What the headers of a write say."""

    idempotency_key: str | None
    expect_version: int | None
    request_id: str
    second_factor: str | None

    def request(self, caller: Caller, why: Why | None, *, changed_by: str | None = None) -> ChangeRequest:
        """Return the request of a change by `caller`."""
        return ChangeRequest(
            caller=caller,
            reason=None if why is None else why.reason,
            thought_trace=None if why is None else why.thought_trace,
            changed_by=changed_by,
            expect_version=self.expect_version,
            idempotency_key=self.idempotency_key,
            request_id=self.request_id,
        )

    def code(self, proven: Proven | None) -> str | None:
        """Return the code of the second factor: the body's, else the header's."""
        return self.second_factor if proven is None or proven.code is None else proven.code


async def _circumstances(
    request: Request,
    idempotency_key: Annotated[
        str | None,
        Header(
            description=f"The same key again gets the first answer again, for a day; up to {LONGEST_KEY} characters."
        ),
    ] = None,
    if_match: Annotated[
        str | None, Header(description="ETag of the version that this is meant for; 412 if the scope has moved on.")
    ] = None,
    x_second_factor: Annotated[
        str | None, Header(description="Code of the second factor, where one is asked for and the body holds none.")
    ] = None,
) -> Circumstances:
    del if_match  # read from the request, where a repeated header shows
    key = idempotency_key
    if key is not None and not (key.isascii() and key.isprintable() and 0 < len(key) <= LONGEST_KEY):
        raise UsageError(f"Idempotency-Key must hold 1 to {LONGEST_KEY} printable ASCII characters")
    return Circumstances(key, expected_version(request), request_id_of(request), x_second_factor)


async def _withdrawal(
    why: Why | None = None,
    reason: Annotated[str | None, Query(max_length=LONGEST_REASON, description="Why; or in the body.")] = None,
    thought_trace: Annotated[
        str | None, Query(max_length=LONGEST_THOUGHT, description="The reasoning; or in the body.")
    ] = None,
) -> Why:
    return merged(why or Why(), reason, thought_trace)


async def _proven_withdrawal(
    why: Proven | None = None,
    reason: Annotated[str | None, Query(max_length=LONGEST_REASON, description="Why; or in the body.")] = None,
    thought_trace: Annotated[
        str | None, Query(max_length=LONGEST_THOUGHT, description="The reasoning; or in the body.")
    ] = None,
) -> Proven:
    return merged(why or Proven(), reason, thought_trace)


def merged(why: _WhyT, reason: str | None, thought_trace: str | None) -> _WhyT:
    """Return `why` with what the query says where the body says nothing."""
    return why.model_copy(update={"reason": why.reason or reason, "thought_trace": why.thought_trace or thought_trace})


Told = Annotated[Circumstances, Depends(_circumstances)]
"""The headers of a write."""
Withdrawal = Annotated[Why, Depends(_withdrawal)]
"""Why something is deleted, in an optional body or in the query: many clients send no body with DELETE."""
ProvenWithdrawal = Annotated[Proven, Depends(_proven_withdrawal)]
"""The same, with a second factor."""
