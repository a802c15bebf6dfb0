from datetime import UTC, datetime
from hashlib import sha256

from cio_strategist.domain.record.entry import EMPTY, GENESIS, Draft, Kind, link
from tests.chains import NOON, chained, draft


def test_the_digest_is_that_of_the_documented_text() -> None:
    made = link(Draft(Kind.DECISION, "id", NOON, '{"a": 1.10}', {"symbol": "BTCÜSDT", "n": 3}), EMPTY)
    body = sha256(b'{"a": 1.10}').hexdigest()
    text = f'[1,1,"{GENESIS}","decision","id",1772020800000,{{"n":3,"symbol":"BTC\\u00dcSDT"}},"{body}"]'
    assert made.digest == sha256(text.encode("ascii")).hexdigest() == made.true_digest()


def test_entries_follow_each_other() -> None:
    first, second = chained([draft(0), draft(1)])
    assert (first.sequence, first.previous) == (1, GENESIS)
    assert (second.sequence, second.previous) == (2, first.digest)


def test_a_body_is_digested_as_it_came_not_as_what_it_means() -> None:
    assert chained([draft(0, body='{"a":1}')])[0].digest != chained([draft(0, body='{"a":1.0}')])[0].digest


def test_the_moment_is_kept_to_the_millisecond_also_before_1970() -> None:
    at = datetime(1969, 12, 31, 23, 59, 59, 999_500, tzinfo=UTC)
    made = link(Draft(Kind.DECISION, "id", at, ""), EMPTY)
    assert made.at == -1
    assert made.moment == datetime(1969, 12, 31, 23, 59, 59, 999_000, tzinfo=UTC)
