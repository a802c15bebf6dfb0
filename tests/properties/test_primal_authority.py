"""Whatever is asked of the authority in whatever order, nothing new beyond a primal limit is ever stored."""

import asyncio
from contextlib import suppress
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from cio_strategist.domain.access.caller import Caller
from cio_strategist.domain.policy.audit import Subject
from cio_strategist.domain.policy.edit import DeleteConfig, Edit, PatchParameters, SetParameters, UnsetParameters
from cio_strategist.domain.policy.proposal import ProposalStatus
from cio_strategist.domain.policy.stored import own_parameters
from cio_strategist.errors import ConflictError, NotFoundError, PrimalLimitError
from petrosa_contracts import default_parameters
from petrosa_contracts.primal.bounds import excesses
from tests.primal import SIGNED
from tests.unit.strategist.authority import AGENT, OPERATOR, OTHER_OPERATOR, FakeAuthority, asking

SCOPES = ("global", "symbol:BTCUSDT", "strategy:momentum_v1", "symbol_side:BTCUSDT:LONG")
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "leverage": st.sampled_from([1, 10, 20, 21, 125]),
    "max_leverage_bound": st.sampled_from([5, 20, 21, 125]),
    "max_position_size_usd": st.sampled_from([1000.0, 5000.0, 5000.01, 1e6]),
    "max_portfolio_exposure_pct": st.sampled_from([0.1, 0.8, 0.81, 1.0]),
    "max_daily_loss_pct": st.sampled_from([0.05, 0.051, 0.5]),
    "allowed_symbols": st.sampled_from([[], ["BTCUSDT"], ["BTCUSDT", "BTCEUR"]]),
}
parameters = st.fixed_dictionaries({}, optional=VALUES)
edits = st.one_of(
    st.builds(SetParameters, parameters=parameters),
    st.builds(PatchParameters, parameters=parameters),
    st.builds(UnsetParameters, names=st.lists(st.sampled_from(sorted(VALUES)), min_size=1).map(tuple)),
    st.just(DeleteConfig()),
    st.just(None),
)
"""Edits, and None for a rollback to the previous state."""


async def asked(authority: FakeAuthority, edit: Edit | None, scope: str, caller: Caller) -> None:
    request = asking(caller)
    trail = len(authority.store.trail)
    try:
        if edit is None:
            await authority.manager.rollback(scope=scope, request=request)
        else:
            await authority.manager.apply(edit, scope=scope, request=request)
    except PrimalLimitError:
        refusals = authority.store.trail[trail:]
        assert [record.subject for record in refusals] == [Subject.REFUSAL]
    except NotFoundError:
        assert edit is None


async def approved(authority: FakeAuthority) -> None:
    """Approve whatever waits, as an operator who agrees to everything."""
    for proposal in await authority.proposals.all(ProposalStatus.PENDING):
        with suppress(ConflictError, PrimalLimitError):
            await authority.proposals.approve(proposal.id, request=asking(OTHER_OPERATOR))


def beyond(authority: FakeAuthority) -> dict[str, object]:
    """What is stored beyond the limits and is not only the default once more."""
    defaults = default_parameters()
    return {
        f"{scope} {found.name}": found.asked
        for scope, text in authority.store.stored.layers.items()
        for found in excesses(own_parameters(text) or {}, SIGNED.limits)
        if found.asked != defaults[found.name]
    }


@given(st.lists(st.tuples(edits, st.sampled_from(SCOPES), st.sampled_from([OPERATOR, AGENT])), max_size=12))
def test_nothing_new_beyond_a_primal_limit_is_ever_stored(
    wishes: list[tuple[Edit | None, str, Caller]],
) -> None:
    async def work() -> None:
        authority = FakeAuthority(primal=SIGNED)
        for edit, scope, caller in wishes:
            await asked(authority, edit, scope, caller)
            await approved(authority)
            assert beyond(authority) == {}

    asyncio.run(work())
