"""The scripts by which gates reserve and the tracker settles, on a real Redis."""

from collections.abc import Iterator
from typing import Any

import pytest
from redis import Redis

from devstack import DevStack
from petrosa_contracts.portfolio import SETTLE_SECONDS
from petrosa_contracts.reservations import KEYS, LIBRARY, SETTLE, settle_arguments

pytestmark = pytest.mark.servers

RESERVE = LIBRARY + "reserve(ARGV[1], ARGV[2], milliseconds() + ARGV[3])"
UNRESERVE = LIBRARY + "unreserve(ARGV[1])"
END_EXPIRED = LIBRARY + "end_expired(milliseconds() + ARGV[1])"
SUMS, OPENINGS = "{cio:ledger}:reserved:sums", "{cio:ledger}:reserved:openings"
"""Spelled out on purpose: other languages rely on these names."""

BTC = "500000000 10000000 1 0 BTCUSDT:LONG"
MORE_BTC = "250000000 5000000 1 0 BTCUSDT:LONG"
KNOWN_ETH = "100000000 10000000 0 0 ETHUSDT:SHORT"
EXIT = "0 0 0 20000 BTCUSDT"


class Book:
    """The reservations of a Redis."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def reserve(self, decision: str, order: str, *, milliseconds: int = 60_000) -> None:
        self._client.eval(RESERVE, len(KEYS), *KEYS, decision, order, milliseconds)

    def unreserve(self, decision: str) -> None:
        self._client.eval(UNRESERVE, len(KEYS), *KEYS, decision)

    def end_expired(self, *, in_seconds: float) -> None:
        self._client.eval(END_EXPIRED, len(KEYS), *KEYS, int(in_seconds * 1000))

    def settle(self, revision: int, *decisions: str) -> int:
        return int(self._client.eval(SETTLE, len(KEYS), *KEYS, *settle_arguments(revision, decisions)))

    @property
    def sums(self) -> dict[str, int]:
        return self._numbers(SUMS)

    @property
    def openings(self) -> dict[str, int]:
        return self._numbers(OPENINGS)

    @property
    def keys(self) -> int:
        return self._client.exists(*KEYS)

    def _numbers(self, key: str) -> dict[str, int]:
        return {name.decode(): int(value) for name, value in self._client.hgetall(key).items()}


@pytest.fixture
def book(servers: DevStack) -> Iterator[Book]:
    client = Redis.from_url(servers.redis.url)
    client.flushall()
    yield Book(client)
    client.close()


def test_the_sums_are_those_of_what_is_reserved(book: Book) -> None:
    for number, order in enumerate((BTC, MORE_BTC, KNOWN_ETH, EXIT)):
        book.reserve(str(number), order)
    assert book.sums == {"notional": 850_000_000, "leverage": 25_000_000, "exit:BTCUSDT": 20_000}
    assert book.openings == {"BTCUSDT:LONG": 2, "ETHUSDT:SHORT": 1}


def test_a_decision_reserves_once(book: Book) -> None:
    book.reserve("1", BTC)
    book.reserve("1", BTC)
    assert book.sums["notional"] == 500_000_000


def test_what_is_undone_leaves_nothing_behind(book: Book) -> None:
    for number, order in enumerate((BTC, KNOWN_ETH, EXIT)):
        book.reserve(str(number), order)
    for number in (0, 1, 2, 2):
        book.unreserve(str(number))
    assert book.keys == 0


def test_what_is_never_settled_ends_at_its_time(book: Book) -> None:
    book.reserve("1", BTC, milliseconds=60_000)
    book.reserve("2", KNOWN_ETH, milliseconds=90_000)
    book.end_expired(in_seconds=55)
    assert book.sums["notional"] == 600_000_000
    book.end_expired(in_seconds=65)
    assert (book.sums["notional"], book.openings) == (100_000_000, {"ETHUSDT:SHORT": 1})


def test_many_expired_end_a_hundred_at_a_time(book: Book) -> None:
    for number in range(250):
        book.reserve(str(number), KNOWN_ETH)
    left = []
    for _ in range(3):
        book.end_expired(in_seconds=65)
        left.append(book.sums.get("notional", 0) // 100_000_000)
    assert left == [150, 50, 0]


def test_a_settled_order_leaves_the_sums_at_once_and_the_book_after_the_settling_time(book: Book) -> None:
    for number, order in enumerate((BTC, EXIT)):
        book.reserve(str(number), order)
    assert book.settle(7, "0", "1", "unknown") == 2
    assert (book.sums, book.openings, book.keys) == ({}, {}, 3)
    book.end_expired(in_seconds=SETTLE_SECONDS - 1)
    assert book.keys == 3
    book.end_expired(in_seconds=SETTLE_SECONDS + 1)
    assert book.keys == 0


def test_settling_keeps_an_order_that_was_about_to_expire(book: Book) -> None:
    book.reserve("1", BTC, milliseconds=2_000)
    book.settle(7, "1")
    book.end_expired(in_seconds=SETTLE_SECONDS - 1)
    assert book.keys == 3


def test_only_the_first_settling_counts(book: Book) -> None:
    book.reserve("1", BTC)
    book.reserve("2", KNOWN_ETH)
    assert [book.settle(7, "1"), book.settle(8, "1")] == [1, 0]
    assert book.sums == {"notional": 100_000_000, "leverage": 10_000_000}


def test_a_settled_order_that_is_undone_is_not_taken_off_twice(book: Book) -> None:
    book.reserve("1", BTC)
    book.reserve("2", MORE_BTC)
    book.settle(7, "1")
    book.unreserve("1")
    assert (book.sums["notional"], book.openings) == (250_000_000, {"BTCUSDT:LONG": 1})
