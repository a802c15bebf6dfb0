"""Codes of the second factor: which are taken, how often, and when none is."""

import asyncio
from collections.abc import Iterator, MutableMapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr
from pyotp.totp import TOTP

from cio_strategist.errors import SecondFactorError, StoreUnreachableError
from cio_strategist.service.access.second_factor import SecondFactor
from cio_strategist.service.access.totp_secret import new_secret, provisioning_uri, readable_secret
from tests.strategist_fakes import NOON, FakePolicyStore, SetClock

SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
TOTP_OF_SECRET = TOTP(SECRET)
WRONG = "000000"
RFC_SECRET = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"  # "12345678901234567890", RFC 6238 appendix B
RFC_CODES = [
    (59, "287082"),
    (1111111109, "081804"),
    (1111111111, "050471"),
    (1234567890, "005924"),
    (2000000000, "279037"),
]


def code_at(moment: datetime, steps: int = 0) -> str:
    return TOTP_OF_SECRET.at(moment, counter_offset=steps)


class Factor:
    """A second factor over a store in memory, and what a caller gets from it."""

    def __init__(self, secret: str | None = SECRET, store: FakePolicyStore | None = None) -> None:
        self.clock = store.clock if store else SetClock()
        self.store = store or FakePolicyStore(self.clock)
        self.factor = SecondFactor(None if secret is None else SecretStr(secret), self.store, self.clock)

    def code(self, steps: int = 0) -> str:
        return code_at(self.clock.now(), steps)

    async def give(self, code: str | None) -> None:
        await self.factor.verify(code, caller="anna")

    async def why(self, code: str | None) -> str:
        """Why a code is refused; empty if it is taken."""
        try:
            await self.give(code)
        except SecondFactorError as error:
            return error.why
        return ""

    async def sentence(self, code: str | None) -> str:
        with pytest.raises(SecondFactorError) as refused:
            await self.give(code)
        return str(refused.value)


@pytest.fixture
def factor() -> Factor:
    return Factor()


def test_the_wrong_code_of_these_tests_is_wrong_at_noon() -> None:
    assert WRONG not in {code_at(NOON, steps) for steps in range(-150, 150)}


@pytest.mark.parametrize(("seconds", "code"), RFC_CODES)
async def test_codes_are_those_of_the_standard(seconds: int, code: str) -> None:
    clock = SetClock(NOON.fromtimestamp(seconds, tz=NOON.tzinfo))
    await Factor(RFC_SECRET, FakePolicyStore(clock)).give(code)


@pytest.mark.parametrize("steps", [-1, 0, 1])
async def test_the_codes_before_and_after_the_present_one_are_taken_too(factor: Factor, steps: int) -> None:
    assert await factor.why(factor.code(steps)) == ""


@pytest.mark.parametrize("steps", [-2, 2])
async def test_codes_further_away_are_wrong(factor: Factor, steps: int) -> None:
    assert await factor.why(factor.code(steps)) == "wrong"


async def test_a_code_may_have_the_blank_that_authenticators_show(factor: Factor) -> None:
    code = factor.code()
    assert await factor.why(f" {code[:3]} {code[3:]} ") == ""


async def test_a_code_counts_once(factor: Factor) -> None:
    code = factor.code()
    await factor.give(code)
    assert "was used already: wait for the next one" in await factor.sentence(code)
    factor.clock.advance(seconds=30)
    assert await factor.why(code) == "used"
    assert await factor.why(factor.code()) == ""


async def test_a_code_counts_once_in_another_process_too(factor: Factor) -> None:
    code = factor.code()
    await factor.give(code)
    assert await Factor(store=factor.store).why(code) == "used"


async def test_a_code_before_one_that_was_used_is_used_up(factor: Factor) -> None:
    await factor.give(factor.code(1))
    assert await factor.why(factor.code()) == "used"


async def test_a_code_that_two_steps_happen_to_share_counts_once() -> None:
    factor = Factor(store=FakePolicyStore(SetClock(datetime(2026, 3, 23, 7, 18, tzinfo=UTC))))
    shared = factor.code()
    assert factor.code(1) == shared
    await factor.give(shared)
    factor.clock.advance(seconds=60)
    assert await factor.why(shared) == "used"


@pytest.mark.parametrize("code", [None, "", "   "])
async def test_a_missing_code_is_asked_for(factor: Factor, code: str | None) -> None:
    assert "send the code that the authenticator shows" in await factor.sentence(code)
    assert await factor.why(code) == "missing"


@pytest.mark.parametrize("code", ["12345", "1234567", "12345a", "-12345", "١٢٣٤٥٦", "123\t456", "1" * 33, "12345\n"])
async def test_a_malformed_code_is_told_its_form_and_is_not_repeated(factor: Factor, code: str) -> None:
    sentence = await factor.sentence(code)
    assert "must be six digits" in sentence
    assert code not in sentence


async def test_without_a_secret_it_says_how_to_get_one() -> None:
    unset = Factor(None)
    sentence = await unset.sentence(code_at(NOON))
    assert "STRATEGIST_TOTP_SECRET" in sentence
    assert "cio-policy totp new" in sentence
    assert await unset.why("123456") == "not_configured"


async def test_every_wrong_code_says_how_many_tries_are_left(factor: Factor) -> None:
    said = [await factor.sentence(WRONG) for _ in range(5)]
    for sentence, left in zip(said[:4], ["4 tries are", "3 tries are", "2 tries are", "1 try is"], strict=True):
        assert (
            f"the code is wrong: give the one shown now, and see that the authenticator's clock is right; {left} left"
            in (sentence)
        )
    assert said[4] == "the code is wrong, one time too many: none is taken until 2026-02-25 12:15:00Z"


async def test_five_wrong_codes_lock_for_a_quarter_of_an_hour_for_right_codes_too(factor: Factor) -> None:
    for _ in range(5):
        await factor.why(WRONG)
    assert await factor.sentence(factor.code()) == "too many wrong codes: none is taken until 2026-02-25 12:15:00Z"
    factor.clock.advance(minutes=14, seconds=59)
    assert await factor.why(factor.code()) == "locked"
    factor.clock.advance(seconds=1)
    assert await factor.why(factor.code()) == ""


async def test_the_lock_lasts_from_the_last_wrong_code_not_from_the_first(factor: Factor) -> None:
    for _ in range(5):
        await factor.why(WRONG)
        factor.clock.advance(minutes=3)
    # The fifth came at 12:12; at 12:26 the first four are long out of the window.
    factor.clock.advance(minutes=11)
    assert "until 2026-02-25 12:27:00Z" in await factor.sentence(factor.code())


async def test_a_lock_is_as_long_in_another_process(factor: Factor) -> None:
    for _ in range(5):
        await factor.why(WRONG)
    assert await Factor(store=factor.store).why(factor.code()) == "locked"


async def test_the_end_of_a_lock_is_never_named_too_early() -> None:
    factor = Factor(store=FakePolicyStore(SetClock(NOON.replace(microsecond=1))))
    for _ in range(4):
        await factor.why(WRONG)
    assert (await factor.sentence(WRONG)).endswith("until 2026-02-25 12:15:01Z")


async def test_after_a_lock_there_are_five_tries_again(factor: Factor) -> None:
    for _ in range(5):
        await factor.why(WRONG)
    factor.clock.advance(minutes=15)
    assert "4 tries are left" in await factor.sentence(WRONG)


async def test_attempts_during_a_lock_do_not_prolong_it(factor: Factor) -> None:
    for _ in range(5):
        await factor.why(WRONG)
    factor.clock.advance(minutes=10)
    assert [await factor.why(WRONG) for _ in range(5)] == ["locked"] * 5
    factor.clock.advance(minutes=5)
    assert await factor.why(factor.code()) == ""


async def test_wrong_codes_far_apart_do_not_lock(factor: Factor) -> None:
    for _ in range(12):
        assert await factor.why(WRONG) == "wrong"
        factor.clock.advance(minutes=3, seconds=45)


async def test_missing_malformed_and_used_codes_are_no_wrong_ones(factor: Factor) -> None:
    used = factor.code()
    await factor.give(used)
    for code in (None, "", "12", "abcdef", used):
        for _ in range(5):
            await factor.why(code)
    assert factor.store.failures == []
    assert await factor.why(factor.code(1)) == ""


async def test_a_right_code_forgives_the_wrong_ones(factor: Factor) -> None:
    for _ in range(4):
        await factor.why(WRONG)
    await factor.give(factor.code())
    assert "4 tries are left" in await factor.sentence(WRONG)


async def test_guesses_sent_at_once_are_counted_as_if_sent_in_turn() -> None:
    store = YieldingStore()
    factor = Factor(store=store)
    answers = await asyncio.gather(*(factor.why(WRONG) for _ in range(20)))
    assert sorted(answers) == ["locked"] * 15 + ["wrong"] * 5


@pytest.mark.parametrize("code", [code_at(NOON), WRONG])
async def test_nothing_is_accepted_or_given_away_while_the_store_is_away(factor: Factor, code: str) -> None:
    factor.store.up = False
    with pytest.raises(StoreUnreachableError):
        await factor.give(code)


async def test_who_gave_a_code_is_logged_and_the_code_is_not(
    factor: Factor, log_events: list[MutableMapping[str, Any]]
) -> None:
    code = factor.code()
    for each in (WRONG, code):
        await factor.why(each)
    assert [(event["event"], event["caller"], event.get("why")) for event in log_events] == [
        ("second_factor_refused", "anna", "wrong"),
        ("second_factor_accepted", "anna", None),
    ]
    assert code not in str(log_events)


def test_a_new_secret_is_long_random_and_readable() -> None:
    secrets = {new_secret() for _ in range(5)}
    assert len(secrets) == 5
    assert all(len(secret) == 32 and readable_secret(secret) == secret for secret in secrets)


@pytest.mark.parametrize(
    "written", [SECRET.lower(), " ".join(SECRET), f"{SECRET[:16]}-{SECRET[16:]}\n", f"{SECRET}===="]
)
def test_a_secret_is_read_as_people_write_it(written: str) -> None:
    assert readable_secret(written) == SECRET


@pytest.mark.parametrize("written", ["", "JBSWY3DPEHPK3PXP", "0189" * 8, "ä" * 32, SECRET + "A", "=" * 32])
def test_what_is_no_secret_is_refused_and_not_repeated(written: str) -> None:
    with pytest.raises(ValueError, match="must be a base32 secret") as refused:
        readable_secret(written)
    assert not written or written not in str(refused.value)


def test_an_authenticator_can_be_set_up_from_the_address() -> None:
    address = urlsplit(provisioning_uri(SECRET, name="anna b"))
    assert (address.scheme, address.netloc, address.path) == ("otpauth", "totp", "/petrosa-cio:anna%20b")
    assert parse_qs(address.query) == {"secret": [SECRET], "issuer": ["petrosa-cio"]}


class YieldingStore(FakePolicyStore):
    """Lets others run at every call, as a store over a network does."""

    async def spend(self, step: int) -> bool:
        await asyncio.sleep(0)
        return await super().spend(step)

    async def failures_since(self, moment: datetime) -> list[datetime]:
        found = list(await super().failures_since(moment))
        await asyncio.sleep(0)
        return found

    async def fail(self, at: datetime) -> None:
        await asyncio.sleep(0)
        await super().fail(at)

    async def forgive(self) -> None:
        await asyncio.sleep(0)
        await super().forgive()


@given(
    rounds=st.lists(
        st.tuples(
            st.integers(0, 60), st.lists(st.tuples(st.integers(0, 2), st.integers(-1, 1)), min_size=1, max_size=8)
        ),
        min_size=1,
        max_size=6,
    )
)
def test_a_code_counts_once_under_any_interleaving(rounds: list[tuple[int, list[tuple[int, int]]]]) -> None:
    """Several processes, several codes at once, over time: no text of a code is ever taken twice."""

    async def play() -> list[str]:
        store = YieldingStore()
        processes = [Factor(store=store) for _ in range(3)]
        taken: list[str] = []

        async def give(process: int, code: str) -> None:
            if await processes[process].why(code) == "":
                taken.append(code)

        for seconds, attempts in rounds:
            store.clock.advance(seconds=seconds)
            codes = [(process, code_at(store.clock.now(), steps)) for process, steps in attempts]
            await asyncio.gather(*(give(process, code) for process, code in codes))
        return taken

    taken = asyncio.run(play())
    assert len(taken) == len(set(taken))
    assert taken, "the very first code must have been taken"


@given(attempts=st.lists(st.tuples(st.integers(0, 400), st.sampled_from(["right", "wrong", "malformed"])), max_size=60))
def test_a_locked_factor_accepts_nothing_until_the_lock_ends(attempts: list[tuple[int, str]]) -> None:
    """Against a plain model: wrong codes since the last right one, and the lock that the fifth of them sets."""

    async def play() -> None:
        factor = Factor()
        wrong: list[datetime] = []
        locked_until = NOON
        step = 0
        for seconds, kind in attempts:
            factor.clock.advance(seconds=seconds)
            now = factor.clock.now()
            present = TOTP_OF_SECRET.timecode(now)
            code = {"right": factor.code(1), "wrong": never_right(now), "malformed": "12345"}[kind]
            answer = await factor.why(code)
            if kind == "malformed":
                assert answer == "malformed"
            elif now < locked_until:
                assert answer == "locked"
            elif kind == "wrong":
                assert answer == "wrong"
                wrong = [*(at for at in wrong if (now - at).total_seconds() < 900), now]
                if len(wrong) == 5:
                    locked_until, wrong = now.fromtimestamp(now.timestamp() + 900, tz=now.tzinfo), []
            else:
                assert answer == ("" if present + 1 > step else "used")
                if answer == "":
                    step, wrong = present + 1, []

    asyncio.run(play())


def never_right(now: datetime) -> str:
    near = {code_at(now, steps) for steps in (-1, 0, 1)}
    return next(code for code in ("000000", "000001", "000002", "000003") if code not in near)


@pytest.fixture
def log_events(_quiet_log: None) -> Iterator[list[MutableMapping[str, Any]]]:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(0))
    with structlog.testing.capture_logs() as events:
        yield events
