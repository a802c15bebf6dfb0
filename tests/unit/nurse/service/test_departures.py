import asyncio
from collections.abc import Awaitable, Callable

import pytest

from cio_nurse.service.departures import Departures
from tests.fakes import settled


class Line:
    """One line of departures, and who left it."""

    def __init__(self) -> None:
        self.departures = Departures()
        self.left: list[tuple[str, bool]] = []

    def join(self, name: str, symbol: str = "BTCUSDT") -> Callable[[bool], Awaitable[None]]:
        async def leave(kept: bool) -> None:
            self.left.append((name, kept))

        return self.departures.join(symbol, leave)


async def test_the_first_in_line_leaves_when_it_is_settled() -> None:
    line = Line()
    settle = line.join("entry")
    assert (line.left, line.departures.waiting) == ([], 1)
    await settle(True)
    assert (line.left, line.departures.waiting) == ([("entry", True)], 0)


async def test_an_exit_does_not_overtake_an_entry_of_its_symbol() -> None:
    line = Line()
    entry, way_out = line.join("entry"), line.join("exit")
    await way_out(True)
    assert line.left == []
    await entry(True)
    assert line.left == [("entry", True), ("exit", True)]


async def test_an_entry_that_is_withdrawn_makes_way() -> None:
    line = Line()
    entry, way_out = line.join("entry"), line.join("exit")
    await way_out(True)
    await entry(False)
    assert line.left == [("entry", False), ("exit", True)]


async def test_symbols_do_not_wait_for_each_other() -> None:
    line = Line()
    line.join("entry")
    other = line.join("other", symbol="ETHUSDT")
    await other(True)
    assert line.left == [("other", True)]


async def test_order_is_kept_whatever_the_order_of_acknowledgements() -> None:
    line = Line()
    settles = [line.join(str(number)) for number in range(5)]
    for number in (3, 1, 4, 0, 2):
        await settles[number](True)
    assert [name for name, _ in line.left] == ["0", "1", "2", "3", "4"]


async def test_who_settles_another_while_leaving_does_not_leave_twice() -> None:
    departures = Departures()
    left: list[str] = []

    async def first(_kept: bool) -> None:
        left.append("first")
        await settle_second(True)

    async def second(_kept: bool) -> None:
        left.append("second")

    settle_first = departures.join("BTCUSDT", first)
    settle_second = departures.join("BTCUSDT", second)
    await settle_first(True)
    assert left == ["first", "second"]
    assert departures.waiting == 0


async def test_there_is_no_room_while_too_many_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cio_nurse.service.departures.MOST", 2)
    line = Line()
    first, _second = line.join("first"), line.join("second", symbol="ETHUSDT")
    waiting = asyncio.ensure_future(line.departures.room())
    await settled()
    assert not waiting.done()
    await first(True)
    await waiting
