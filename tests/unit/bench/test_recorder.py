from bench.recorder import Rates, _chained, _message
from cio_strategist.domain.record.walk import Walk


def test_shares_are_of_windows_of_the_same_round() -> None:
    rates = Rates(bulk_insert=[100, 200, 400], recorder=[90, 160, 320], read=[10, 10, 10], verify=[5, 10, 10])
    assert (rates.recorder_share.median, rates.recorder_share.high) == (0.8, 0.9)
    assert rates.verify_share.low == 0.5


def test_what_is_measured_is_a_chain_of_decisions() -> None:
    entries = _chained([_message(number) for number in range(1, 4)])
    walk = Walk(None)
    assert [walk.take(entry) for entry in entries] == [None] * 3
    assert {entry.kind for entry in entries} == {"decision"}
    assert all(4_000 < len(entry.body) < 12_000 for entry in entries)
