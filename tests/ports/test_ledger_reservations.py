"""What is on its way, in the shared ledger: one suite for the fake and for a real Redis."""

import asyncio
from decimal import Decimal

from cio_decision.context import Reserved
from cio_decision.reservation import Reservation
from cio_nurse.ports import Claim, ClaimAnswer
from tests.builders import TODAY, claim, entry_of, exit_of
from tests.ports.worlds import Stores

BTC, ETH, SOL = "BTCUSDT:LONG", "ETHUSDT:LONG", "SOLUSDT:SHORT"
USD = 1_000_000


def of(number: int, reserves: Reservation | None) -> Claim:
    return claim(str(number), f"{number:032x}", reserves=reserves)


async def answers(stores: Stores, *reserves: Reservation | None, first: int = 1) -> list[ClaimAnswer]:
    claims = [of(number, each) for number, each in enumerate(reserves, start=first)]
    return list(await stores.ledger.claim(claims, TODAY))


async def on_the_way(stores: Stores, looked_at: Reservation) -> Reserved:
    """Return what is on the way beside an order; the claim that finds out reserves nothing."""
    (answer,) = await stores.ledger.claim([claim("looking", "f" * 32, limit=0, reserves=looked_at)], TODAY)
    assert not answer.granted
    return answer.reserved


async def test_an_entry_sees_what_is_on_its_way_beside_it(stores: Stores) -> None:
    found = await answers(stores, entry_of(BTC, 500), entry_of(ETH, 250.5), entry_of(BTC, 100), entry_of(SOL, 1))
    assert [answer.reserved for answer in found] == [
        Reserved(),
        Reserved(notional=Decimal(500), leverage=Decimal(10), positions=1),
        Reserved(notional=Decimal("750.5"), leverage=Decimal(20), positions=1, opens_this=True),
        Reserved(notional=Decimal("850.5"), leverage=Decimal(30), positions=2),
    ]
    assert all(answer.granted for answer in found)


async def test_an_entry_that_ends_at_the_limit_is_granted_and_a_millionth_more_is_not(stores: Stores) -> None:
    room = 1000 * USD
    first, within = await answers(
        stores, entry_of(BTC, 600, notional_left=room), entry_of(ETH, 400, notional_left=room)
    )
    assert (first.granted, within.granted) == (True, True)
    (beyond,) = await answers(stores, entry_of(SOL, 0.000001, notional_left=room), first=3)
    assert (beyond.granted, beyond.taken_by) == (False, None)
    assert beyond.reserved.notional == 1000


async def test_a_refused_entry_takes_neither_identity_nor_trade_nor_room(stores: Stores) -> None:
    await answers(stores, entry_of(BTC, 600))
    await answers(stores, entry_of(ETH, 500, notional_left=1000 * USD), first=2)
    assert (await on_the_way(stores, entry_of(SOL))).notional == 600
    assert (await stores.policy.read_pulse(TODAY)).trades_today["global"] == 1
    (again,) = await answers(stores, entry_of(ETH, 400, notional_left=1000 * USD), first=2)
    assert again.granted


async def test_leverage_has_a_room_of_its_own(stores: Stores) -> None:
    room = 25 * USD
    found = await answers(stores, *(entry_of(name, leverage_left=room) for name in (BTC, ETH, SOL)))
    assert [answer.granted for answer in found] == [True, True, False]
    assert found[-1].reserved.leverage == 20


async def test_positions_are_counted_once_each_and_adding_to_one_needs_no_place(stores: Stores) -> None:
    found = await answers(
        stores,
        entry_of(BTC, positions_left=1),
        entry_of(BTC, positions_left=1),
        entry_of(ETH, positions_left=1),
        entry_of(ETH, positions_left=1, opens=False, open_names=frozenset({ETH})),
    )
    assert [answer.granted for answer in found] == [True, True, False, True]
    assert found[2].reserved.positions == 1


async def test_an_entry_that_may_not_add_finds_what_is_on_its_way(stores: Stores) -> None:
    found = await answers(
        stores,
        entry_of(BTC, may_add=False),
        entry_of(BTC, may_add=False),
        entry_of(ETH, may_add=False),
        entry_of(BTC),
    )
    assert [answer.granted for answer in found] == [True, False, True, True]
    assert found[1].reserved.opens_this
    (again,) = await answers(stores, entry_of(BTC, may_add=False))
    assert again.granted, "a decision that asks once more does not stand in its own way"


async def test_a_position_that_is_open_by_now_is_not_on_its_way_as_well(stores: Stores) -> None:
    await answers(stores, entry_of(BTC))
    reserved = await on_the_way(stores, entry_of(ETH, open_names=frozenset({BTC, SOL})))
    assert (reserved.positions, reserved.notional) == (0, 500)


async def test_an_order_that_adds_needs_a_place_of_its_own_once_its_position_is_closed(stores: Stores) -> None:
    await answers(stores, entry_of(BTC, opens=False, open_names=frozenset({BTC})))
    assert (await on_the_way(stores, entry_of(ETH, open_names=frozenset({BTC})))).positions == 0
    (beyond,) = await answers(stores, entry_of(ETH, positions_left=1, revision=2), first=2)
    assert (beyond.granted, beyond.reserved.positions) == (False, 1)


async def test_exits_of_a_symbol_may_take_what_there_is_of_it_and_no_more(stores: Stores) -> None:
    found = await answers(
        stores,
        exit_of(0.06, 0.1),
        exit_of(0.04, 0.1),
        exit_of(0.000001, 0.1),
        exit_of(0.1, 0.1, symbol="ETHUSDT"),
    )
    assert [answer.granted for answer in found] == [True, True, False, True]
    assert [answer.reserved.exiting for answer in found] == [0, Decimal("0.06"), Decimal("0.1"), 0]


async def test_a_close_goes_whatever_is_on_its_way_out_and_counts_for_those_after_it(stores: Stores) -> None:
    found = await answers(stores, exit_of(0.1, 0.1), exit_of(0.1, None), exit_of(0.01, 0.1))
    assert [answer.granted for answer in found] == [True, True, False]


async def test_exits_are_no_entries_and_the_other_way_round(stores: Stores) -> None:
    await answers(stores, entry_of(BTC), exit_of(0.1))
    assert await on_the_way(stores, entry_of(ETH)) == Reserved(Decimal(500), Decimal(10), 1)
    assert await on_the_way(stores, exit_of()) == Reserved(exiting=Decimal("0.1"))


async def test_what_is_released_is_free_again(stores: Stores) -> None:
    held = [of(1, entry_of(BTC)), of(2, entry_of(BTC, 100)), of(3, exit_of(0.1))]
    await stores.ledger.claim(held, TODAY)
    await stores.another_ledger.release([held[0], held[2]], TODAY)
    assert await on_the_way(stores, entry_of(ETH)) == Reserved(Decimal(100), Decimal(10), 1)
    assert await on_the_way(stores, exit_of()) == Reserved()
    await stores.ledger.release(held, TODAY)
    assert await on_the_way(stores, entry_of(ETH)) == Reserved()


async def test_a_claim_that_a_decision_repeats_reserves_once(stores: Stores) -> None:
    await answers(stores, entry_of(BTC, notional_left=500 * USD))
    (again,) = await answers(stores, entry_of(BTC, notional_left=500 * USD))
    assert again.granted
    assert (await on_the_way(stores, entry_of(ETH))).notional == 500


async def test_a_repeated_claim_reserves_what_was_lost(stores: Stores) -> None:
    """As a gate does that finds the store back: its identity is still there, or not, but its order is on its way."""
    await answers(stores, None)
    await answers(stores, entry_of(BTC))
    assert (await on_the_way(stores, entry_of(ETH))).notional == 500


async def test_a_settled_order_counts_only_for_older_portfolios(stores: Stores) -> None:
    await answers(stores, entry_of(BTC), entry_of(ETH, 100), exit_of(0.1, 0.1))
    await stores.settle(7, f"{1:032x}", f"{3:032x}")
    assert await on_the_way(stores, entry_of(SOL, revision=7)) == Reserved(Decimal(100), Decimal(10), 1)
    assert await on_the_way(stores, entry_of(SOL, revision=6)) == Reserved(Decimal(600), Decimal(20), 2)
    assert await on_the_way(stores, entry_of(BTC, revision=6)) == Reserved(Decimal(600), Decimal(20), 1, True)
    assert await on_the_way(stores, exit_of(revision=7)) == Reserved()
    assert await on_the_way(stores, exit_of(revision=6)) == Reserved(exiting=Decimal("0.1"))


async def test_what_is_never_settled_expires(stores: Stores) -> None:
    await answers(stores, entry_of(BTC), exit_of())
    await stores.let_reservations_expire(f"{1:032x}", f"{2:032x}")
    assert await on_the_way(stores, entry_of(ETH)) == Reserved()
    assert await on_the_way(stores, exit_of()) == Reserved()


async def test_claims_without_a_portfolio_reserve_nothing(stores: Stores) -> None:
    found = await answers(stores, None, entry_of(BTC), None)
    assert [answer.reserved for answer in found] == [Reserved()] * 3
    assert (await on_the_way(stores, entry_of(ETH))).notional == 500


async def test_two_replicas_that_claim_at_once_together_keep_the_room(stores: Stores) -> None:
    room = 10_000 * USD
    names = [f"S{number}USDT:LONG" for number in range(5)]
    reserves = [entry_of(names[number % 5], 700, notional_left=room, positions_left=4) for number in range(40)]
    found = await asyncio.gather(
        *(
            ledger.claim([of(1000 * place + number, each)], TODAY)
            for place, ledger in enumerate((stores.ledger, stores.another_ledger))
            for number, each in enumerate(reserves)
        )
    )
    assert sum(answer.granted for (answer,) in found) == 14
    assert (await on_the_way(stores, entry_of("LOOK:LONG"))).notional == 9800
    assert (await on_the_way(stores, entry_of("LOOK:LONG"))).positions <= 4
