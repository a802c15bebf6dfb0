"""Making, ending and verifying tokens."""

from datetime import timedelta

import pytest

from cio_strategist.domain.access.caller import ANONYMOUS, CallerClass, Permission
from cio_strategist.errors import (
    ConflictError,
    ForbiddenError,
    NotFoundError,
    RefusedError,
    StoreUnreachableError,
    UnauthenticatedError,
    UsageError,
)
from cio_strategist.service.access.tokens import Tokens
from tests.strategist_fakes import NOON, FakePolicyStore, SetClock


@pytest.fixture
def store() -> FakePolicyStore:
    return FakePolicyStore(SetClock())


@pytest.fixture
def tokens(store: FakePolicyStore) -> Tokens:
    return Tokens(store, store.clock)


async def test_a_new_token_is_known_at_once(tokens: Tokens) -> None:
    stored, text = await tokens.create(" anna ", CallerClass.OPERATOR, lasting=timedelta(days=1))
    caller = await tokens.caller_of(text)
    assert (caller.name, caller.kind, caller.token_id) == ("anna", CallerClass.OPERATOR, stored.id)
    assert caller.permissions == set(Permission)
    assert (stored.created_at, stored.expires_at) == (NOON, NOON + timedelta(days=1))


async def test_an_agents_token_allows_what_an_agent_needs_and_no_more(tokens: Tokens) -> None:
    _, text = await tokens.create("strategist", CallerClass.AGENT)
    caller = await tokens.caller_of(text)
    assert caller.permissions == {Permission.READ, Permission.WRITE, Permission.TIGHTEN}
    with pytest.raises(ForbiddenError, match="does not allow control:loosen"):
        caller.require(Permission.LOOSEN)


async def test_a_token_allows_what_was_asked_for(tokens: Tokens) -> None:
    _, text = await tokens.create("reader", CallerClass.OPERATOR, [Permission.READ])
    assert (await tokens.caller_of(text)).permissions == {Permission.READ}


async def test_the_secret_is_not_kept(tokens: Tokens, store: FakePolicyStore) -> None:
    stored, text = await tokens.create("anna", CallerClass.OPERATOR)
    secret = text.removeprefix(f"cio_{stored.id}_")
    assert len(secret) == 43
    assert secret not in store.tokens[stored.id].model_dump_json()


async def test_no_two_tokens_are_alike(tokens: Tokens) -> None:
    made = [await tokens.create(f"bot {number}", CallerClass.AGENT) for number in range(20)]
    assert len({text for _, text in made}) == len({stored.id for stored, _ in made}) == 20


async def test_without_a_token_a_caller_is_nobody_and_may_look(tokens: Tokens, store: FakePolicyStore) -> None:
    store.up = False
    assert await tokens.caller_of(None) == ANONYMOUS


@pytest.mark.parametrize("text", ["", " ", "cio", "cio_0123456789abcdef_" + "x" * 43, "ä", "x" * 10_000])
async def test_a_text_that_is_no_token_is_not_taken_for_nobodys(tokens: Tokens, text: str) -> None:
    with pytest.raises(UnauthenticatedError):
        await tokens.caller_of(text)


async def test_one_tokens_id_with_another_ones_secret_is_refused(tokens: Tokens) -> None:
    one, one_text = await tokens.create("one", CallerClass.AGENT)
    other, other_text = await tokens.create("other", CallerClass.OPERATOR)
    with pytest.raises(UnauthenticatedError, match="not known"):
        await tokens.caller_of(one_text.replace(one.id, other.id))
    with pytest.raises(UnauthenticatedError, match="not known"):
        await tokens.caller_of(other_text.replace(other.id, one.id))


async def test_a_token_expires(tokens: Tokens, store: FakePolicyStore) -> None:
    _, text = await tokens.create("anna", CallerClass.OPERATOR, lasting=timedelta(hours=1))
    store.clock.advance(minutes=59, seconds=59)
    assert (await tokens.caller_of(text)).name == "anna"
    store.clock.advance(seconds=1)
    with pytest.raises(UnauthenticatedError, match="the token of anna expired at 2026-02-25 13:00:00Z"):
        await tokens.caller_of(text)


@pytest.mark.parametrize("by_name", [True, False])
async def test_a_revoked_token_ends_at_once(tokens: Tokens, by_name: bool) -> None:
    stored, text = await tokens.create("anna", CallerClass.OPERATOR)
    revoked = await tokens.revoke(" anna " if by_name else stored.id)
    assert revoked.revoked_at == NOON
    with pytest.raises(UnauthenticatedError, match="was revoked at 2026-02-25 12:00:00Z"):
        await tokens.caller_of(text)


async def test_revoking_twice_changes_nothing(tokens: Tokens, store: FakePolicyStore) -> None:
    stored, _ = await tokens.create("anna", CallerClass.OPERATOR)
    first = await tokens.revoke(stored.id)
    store.clock.advance(hours=1)
    assert await tokens.revoke(stored.id) == first


async def test_a_token_that_leaked_is_revoked_by_itself(tokens: Tokens) -> None:
    stored, text = await tokens.create("anna", CallerClass.OPERATOR)
    assert (await tokens.revoke(text)).id == stored.id
    with pytest.raises(UnauthenticatedError, match="revoked"):
        await tokens.caller_of(text)


async def test_by_its_name_the_token_in_force_is_revoked(tokens: Tokens) -> None:
    await tokens.create("anna", CallerClass.OPERATOR)
    await tokens.revoke("anna")
    _, text = await tokens.create("anna", CallerClass.OPERATOR)
    await tokens.revoke("anna")
    with pytest.raises(UnauthenticatedError, match="revoked"):
        await tokens.caller_of(text)
    assert [token.revoked_at for token in await tokens.all()] == [NOON, NOON]


@pytest.mark.parametrize("name", ["nobody", "", "0123456789abcdef", "gone"])
async def test_what_is_not_there_cannot_be_revoked(tokens: Tokens, store: FakePolicyStore, name: str) -> None:
    await tokens.create("gone", CallerClass.AGENT, lasting=timedelta(seconds=1))
    store.clock.advance(seconds=1)
    with pytest.raises(NotFoundError, match="cio-policy token list shows them"):
        await tokens.revoke(name)


async def test_all_tokens_are_listed_oldest_first_ended_ones_included(tokens: Tokens, store: FakePolicyStore) -> None:
    for name in ("first", "second"):
        await tokens.create(name, CallerClass.AGENT, lasting=timedelta(seconds=1))
        store.clock.advance(seconds=1)
    assert [token.name for token in await tokens.all()] == ["first", "second"]


async def test_a_name_in_use_is_not_given_twice(tokens: Tokens) -> None:
    await tokens.create("anna", CallerClass.OPERATOR)
    with pytest.raises(ConflictError, match="in use"):
        await tokens.create("anna", CallerClass.AGENT)


async def test_an_agent_cannot_be_given_what_is_an_operators(tokens: Tokens, store: FakePolicyStore) -> None:
    with pytest.raises(RefusedError, match="an agent never holds control:loosen"):
        await tokens.create("strategist", CallerClass.AGENT, [Permission.READ, Permission.LOOSEN])
    assert store.tokens == {}


@pytest.mark.parametrize(
    "lasting", [timedelta(0), timedelta(seconds=-1), timedelta(days=366, microseconds=1), timedelta.max]
)
async def test_a_token_lasts_a_while_or_for_ever(tokens: Tokens, lasting: timedelta) -> None:
    with pytest.raises(UsageError, match="up to 366 days"):
        await tokens.create("anna", CallerClass.OPERATOR, lasting=lasting)


async def test_a_bad_name_is_refused(tokens: Tokens) -> None:
    with pytest.raises(UsageError, match="name of a token"):
        await tokens.create("", CallerClass.OPERATOR)


async def test_nothing_is_known_of_tokens_while_the_store_is_away(tokens: Tokens, store: FakePolicyStore) -> None:
    _, text = await tokens.create("anna", CallerClass.OPERATOR)
    store.up = False
    for asked in (tokens.caller_of(text), tokens.all(), tokens.revoke("anna"), tokens.create("b", CallerClass.AGENT)):
        with pytest.raises(StoreUnreachableError):
            await asked
