import asyncio
from datetime import timedelta

import pytest

from cio_strategist.errors import ConflictError, StoreUnreachableError
from tests.ports.authority_worlds import AuthorityWorld
from tests.strategist_fakes import NOON
from tests.strategist_records import token

ONE, TWO, THREE = "1" * 16, "2" * 16, "3" * 16


async def test_a_token_is_found_as_it_was_added(authority: AuthorityWorld) -> None:
    added = token(ONE, expires_at=NOON + timedelta(days=1))
    await authority.tokens.add(added)
    assert await authority.tokens.find(ONE) == added
    assert await authority.tokens.find(TWO) is None


async def test_a_name_or_an_id_in_use_is_not_given_again(authority: AuthorityWorld) -> None:
    await authority.tokens.add(token(ONE))
    for taken in (token(TWO), token(ONE, name="ben")):
        with pytest.raises(ConflictError):
            await authority.tokens.add(taken)
    assert [each.name for each in await authority.tokens.all()] == ["anna"]


async def test_of_two_that_take_a_name_at_once_one_gets_it(authority: AuthorityWorld) -> None:
    results = await asyncio.gather(*(authority.tokens.add(token(each)) for each in (ONE, TWO)), return_exceptions=True)
    assert sorted(type(result).__name__ for result in results) == ["ConflictError", "NoneType"]


async def test_the_name_of_a_revoked_or_expired_token_is_free(authority: AuthorityWorld) -> None:
    await authority.tokens.add(token(ONE))
    assert await authority.tokens.revoke(ONE, NOON)
    await authority.tokens.add(token(TWO, expires_at=NOON + timedelta(hours=1)))
    await authority.tokens.add(token(THREE, created_at=NOON + timedelta(hours=1)))
    assert [each.id for each in await authority.tokens.all()] == [ONE, TWO, THREE]


async def test_a_token_is_revoked_once(authority: AuthorityWorld) -> None:
    await authority.tokens.add(token(ONE))
    assert await authority.tokens.revoke(ONE, NOON)
    assert not await authority.tokens.revoke(ONE, NOON + timedelta(hours=1))
    assert not await authority.tokens.revoke(TWO, NOON)
    found = await authority.tokens.find(ONE)
    assert found is not None
    assert found.revoked_at == NOON


async def test_a_time_step_is_spent_once_and_no_earlier_one_after_it(authority: AuthorityWorld) -> None:
    assert await authority.second_factor.spend(100)
    assert not await authority.second_factor.spend(100)
    assert not await authority.second_factor.spend(99)
    assert await authority.second_factor.spend(101)


async def test_a_step_spent_by_many_at_once_is_spent_by_one(authority: AuthorityWorld) -> None:
    spent = await asyncio.gather(*(authority.second_factor.spend(7) for _ in range(8)))
    assert sum(spent) == 1


async def test_wrong_codes_are_remembered_until_they_are_forgiven(authority: AuthorityWorld) -> None:
    moments = [NOON + timedelta(minutes=minute) for minute in (2, 0, 1)]
    for moment in moments:
        await authority.second_factor.fail(moment)
    assert list(await authority.second_factor.failures_since(NOON + timedelta(minutes=1))) == [moments[2], moments[0]]
    await authority.second_factor.forgive()
    assert list(await authority.second_factor.failures_since(NOON)) == []
    assert await authority.second_factor.spend(1)


async def test_an_away_store_is_unreachable(authority: AuthorityWorld) -> None:
    await authority.stop()
    with pytest.raises(StoreUnreachableError):
        await authority.tokens.find(ONE)
    with pytest.raises(StoreUnreachableError):
        await authority.tokens.add(token(ONE))
    with pytest.raises(StoreUnreachableError):
        await authority.second_factor.spend(1)
