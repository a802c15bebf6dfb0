import asyncio
from collections.abc import Mapping
from datetime import timedelta

import pytest

from cio_nurse.errors import StoreTimeoutError, StoreUnavailableError
from cio_nurse.ports import ClaimAnswer
from tests.builders import TODAY, claim, exit_claim
from tests.ports.worlds import Stores

SCOPE = "strategy:momentum_v1"
A, B, C, D = ("a" * 32, "b" * 32, "c" * 32, "d" * 32)


async def counted(stores: Stores) -> Mapping[str, int]:
    return {scope: n for scope, n in (await stores.policy.read_pulse(TODAY)).trades_today.items() if n}


async def test_a_free_identity_is_granted_and_its_trade_counted_in_every_scope(stores: Stores) -> None:
    (answer,) = await stores.ledger.claim([claim("1", A, scopes=("global", "symbol:BTCUSDT", SCOPE))], TODAY)
    assert answer == ClaimAnswer(granted=True, trades=0)
    assert await counted(stores) == {"global": 1, "symbol:BTCUSDT": 1, SCOPE: 1}


async def test_a_taken_identity_names_its_holder_and_counts_nothing(stores: Stores) -> None:
    await stores.ledger.claim([claim("1", A)], TODAY)
    (answer,) = await stores.ledger.claim([claim("1", B)], TODAY)
    assert answer == ClaimAnswer(granted=False, taken_by=A, trades=1)
    assert await counted(stores) == {"global": 1, SCOPE: 1}


async def test_a_claim_that_a_decision_repeats_is_granted_again_and_counts_once(stores: Stores) -> None:
    await stores.ledger.claim([claim("1", A, limit=1)], TODAY)
    (answer,) = await stores.another_ledger.claim([claim("1", A, limit=1)], TODAY)
    assert (answer.granted, answer.taken_by) == (True, None)
    assert await counted(stores) == {"global": 1, SCOPE: 1}


async def test_claims_of_one_batch_are_settled_in_order(stores: Stores) -> None:
    answers = await stores.ledger.claim(
        [claim("1", A, limit=2), claim("1", B, limit=2), claim("2", C, limit=2), claim("3", D, limit=2)], TODAY
    )
    assert list(answers) == [
        ClaimAnswer(granted=True, trades=0),
        ClaimAnswer(granted=False, taken_by=A, trades=1),
        ClaimAnswer(granted=True, trades=1),
        ClaimAnswer(granted=False, trades=2),
    ]


async def test_the_limit_is_that_of_the_limited_scope_alone(stores: Stores) -> None:
    await stores.ledger.claim([claim("0", D, scopes=("global",), limited_scope=None)], TODAY)
    within = claim("1", A, scopes=("global", SCOPE), limited_scope=SCOPE, limit=1)
    beyond = claim("2", B, scopes=("global", SCOPE), limited_scope="global", limit=2)
    answers = await stores.ledger.claim([within, beyond], TODAY)
    assert [(answer.granted, answer.trades) for answer in answers] == [(True, 0), (False, 2)]


async def test_a_claim_without_a_limit_is_granted_beyond_any_count(stores: Stores) -> None:
    answers = await stores.ledger.claim(
        [claim(str(number), f"{number:032x}", limit=None) for number in range(5)], TODAY
    )
    assert [answer.trades for answer in answers] == [0, 1, 2, 3, 4]
    assert all(answer.granted for answer in answers)


async def test_a_limit_of_zero_grants_nothing(stores: Stores) -> None:
    (answer,) = await stores.ledger.claim([claim(limit=0)], TODAY)
    assert not answer.granted


async def test_an_exit_takes_its_identity_and_counts_as_no_trade(stores: Stores) -> None:
    answers = await stores.ledger.claim([exit_claim("1", A), exit_claim("1", B)], TODAY)
    assert list(answers) == [ClaimAnswer(granted=True), ClaimAnswer(granted=False, taken_by=A)]
    assert await counted(stores) == {}


async def test_a_limited_scope_is_counted_even_where_it_is_not_among_the_scopes(stores: Stores) -> None:
    await stores.ledger.claim([claim("1", A, scopes=("global",), limited_scope=SCOPE, limit=5)], TODAY)
    assert await counted(stores) == {"global": 1, SCOPE: 1}


async def test_each_day_counts_for_itself_and_identities_last_across_days(stores: Stores) -> None:
    tomorrow = TODAY + timedelta(days=1)
    await stores.ledger.claim([claim("1", A, limit=1)], TODAY)
    answers = await stores.ledger.claim([claim("1", B, limit=1), claim("2", C, limit=1)], tomorrow)
    assert [(answer.granted, answer.taken_by, answer.trades) for answer in answers] == [(False, A, 0), (True, None, 0)]


async def test_an_approval_holds_its_identity_for_24_hours(stores: Stores) -> None:
    await stores.ledger.claim([claim("1", A)], TODAY)
    assert await stores.seconds_until_free("1") == pytest.approx(24 * 3600, abs=10)


async def test_a_refused_claim_does_not_prolong_the_hold(stores: Stores) -> None:
    await stores.ledger.claim([claim("1", A)], TODAY)
    before = await stores.seconds_until_free("1")
    await stores.ledger.claim([claim("1", B)], TODAY)
    assert await stores.seconds_until_free("1") <= before


async def test_a_release_by_the_holder_frees_the_identity_and_takes_the_trade_off(stores: Stores) -> None:
    await stores.ledger.claim([claim("1", A), claim("2", B)], TODAY)
    await stores.ledger.release([claim("1", A)], TODAY)
    assert await counted(stores) == {"global": 1, SCOPE: 1}
    (answer,) = await stores.ledger.claim([claim("1", C)], TODAY)
    assert answer.granted


async def test_a_release_by_another_changes_nothing(stores: Stores) -> None:
    await stores.ledger.claim([claim("1", A)], TODAY)
    await stores.ledger.release([claim("1", B), claim("2", C)], TODAY)
    (answer,) = await stores.ledger.claim([claim("1", D)], TODAY)
    assert answer.taken_by == A
    assert await counted(stores) == {"global": 1, SCOPE: 1}


async def test_a_second_release_changes_nothing(stores: Stores) -> None:
    await stores.ledger.claim([claim("1", A), claim("2", B)], TODAY)
    await stores.ledger.release([claim("1", A), claim("1", A)], TODAY)
    await stores.ledger.release([claim("1", A)], TODAY)
    assert await counted(stores) == {"global": 1, SCOPE: 1}


async def test_several_are_released_at_once(stores: Stores) -> None:
    claims = [claim("1", A), exit_claim("2", B), claim("3", C)]
    await stores.ledger.claim(claims, TODAY)
    await stores.ledger.release(claims, TODAY)
    assert await counted(stores) == {}


async def test_no_claims_have_no_answers(stores: Stores) -> None:
    assert list(await stores.ledger.claim([], TODAY)) == []
    await stores.ledger.release([], TODAY)


async def test_a_large_batch_is_settled_whole(stores: Stores) -> None:
    answers = await stores.ledger.claim([claim(str(number), f"{number:032x}") for number in range(500)], TODAY)
    assert [answer.trades for answer in answers] == list(range(500))


async def test_of_two_replicas_that_claim_at_once_one_is_granted(stores: Stores) -> None:
    claims = [claim(str(number), A) for number in range(20)], [claim(str(number), B) for number in range(20)]
    answers = await asyncio.gather(
        *(stores.ledger.claim([each], TODAY) for each in claims[0]),
        *(stores.another_ledger.claim([each], TODAY) for each in reversed(claims[1])),
    )
    assert sum(answer.granted for (answer,) in answers) == 20
    assert (await counted(stores))["global"] == 20


async def test_names_with_blanks_colons_and_other_letters_are_kept_apart(stores: Stores) -> None:
    strange = ("strategy:a b", "strategy:a:b", "strategy:ä", "strategy:a\nb")
    await stores.ledger.claim([claim("1", A, scopes=strange, limited_scope=strange[0])], TODAY)
    assert await counted(stores) == dict.fromkeys(strange, 1)


async def test_an_away_store_is_unavailable_until_it_is_back(stores: Stores) -> None:
    await stores.ledger.claim([claim("1", A)], TODAY)
    await stores.stop()
    with pytest.raises(StoreUnavailableError):
        await stores.ledger.claim([claim("2", B)], TODAY)
    with pytest.raises(StoreUnavailableError):
        await stores.ledger.release([claim("1", A)], TODAY)
    await stores.recover()
    answers = await stores.ledger.claim([claim("1", C), claim("2", C)], TODAY)
    assert [answer.taken_by for answer in answers] == [A, None]


async def test_a_store_that_hangs_times_out_until_it_answers_again(stores: Stores) -> None:
    await stores.ledger.claim([claim("1", A)], TODAY)
    await stores.hang()
    with pytest.raises(StoreTimeoutError):
        await stores.ledger.claim([claim("2", B)], TODAY)
    with pytest.raises(StoreTimeoutError):
        await stores.ledger.release([claim("1", A)], TODAY)
    await stores.recover()
    (answer,) = await stores.ledger.claim([claim("3", C)], TODAY)
    assert answer.granted
