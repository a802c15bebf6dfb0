from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cio_decision.replay import decide_again
from cio_strategist.domain.decisions.whatif import (
    Dimension,
    Outcome,
    PolicyPatch,
    Tally,
    repeat,
    try_patch,
)
from cio_strategist.errors import RejectedError, UsageError
from petrosa_contracts.record import DecisionRecord
from tests.builders import layer
from tests.records import recorded, small_orders

TIGHT = PolicyPatch.read({"global": {"max_position_size_usd": 100}})


def tried(patch: PolicyPatch, *records: DecisionRecord) -> Tally:
    return try_patch([record.model_dump_json() for record in records], patch)


class TestAPatch:
    @pytest.mark.parametrize(
        "text",
        [
            "",
            "[]",
            "{}",
            "nonsense",
            '{"global": 5}',
            '{"moon:BTC": {}}',
            '{"symbol_side:BTCUSDT": {}}',
            '{"global": {"leverage": 5}, "global": {"enabled": false}}',
            "[" * 100_000,
        ],
    )
    def test_of_another_form_is_refused(self, text: str) -> None:
        with pytest.raises(UsageError):
            PolicyPatch.parse(text.encode())

    @pytest.mark.parametrize("parameters", [{"leverage": 500}, {"nonsense": 1}, {"leverage": "10"}])
    def test_that_the_catalogue_does_not_allow_is_refused(self, parameters: dict[str, Any]) -> None:
        with pytest.raises(RejectedError):
            PolicyPatch.read({"global": parameters})

    def test_is_merged_and_counts_the_version_up(self) -> None:
        patched = PolicyPatch.read({"global": {"leverage": 5}}).applied_to({"global": small_orders(version=4)})
        assert patched["global"].parameters == {"max_position_size_usd": 100.0, "leverage": 5}
        assert patched["global"].version == 5

    def test_takes_a_parameter_out_by_null(self) -> None:
        patch = PolicyPatch.read({"global": {"max_position_size_usd": None}})
        assert patch.applied_to({"global": small_orders()})["global"].parameters == {}


class TestTryingIt:
    def test_an_approval_that_it_forbids_is_lost(self) -> None:
        tally = tried(TIGHT, recorded())
        assert tally.outcomes == {Outcome.LOST: 1}
        assert tally.by(Outcome.LOST, Dimension.CODE) == {"ORDER_NOTIONAL_MAX": 1}
        assert tally.by(Outcome.LOST, Dimension.STRATEGY) == {"momentum_v1": 1}
        assert tally.by(Outcome.LOST, Dimension.SYMBOL) == {"BTCUSDT": 1}
        (example,) = tally.examples[Outcome.LOST]
        assert (example.before, example.after) == ("APPROVED", "ORDER_NOTIONAL_MAX")

    def test_a_veto_that_it_lifts_is_gained(self) -> None:
        loose = PolicyPatch.read({"global": {"max_position_size_usd": 1000}})
        tally = tried(loose, recorded(small_orders()))
        assert tally.outcomes == {Outcome.GAINED: 1}
        assert tally.by(Outcome.GAINED, Dimension.CODE) == {"ORDER_NOTIONAL_MAX": 1}

    def test_another_reason_is_counted_apart(self) -> None:
        patch = PolicyPatch.read({"global": {"enabled": False}})
        assert tried(patch, recorded(confidence=0.1)).outcomes == {Outcome.OTHER_REASON: 1}

    def test_what_it_does_not_reach_is_unchanged(self) -> None:
        patch = PolicyPatch.read({"strategy:another": {"enabled": False}, "symbol:ETHUSDT": {"enabled": False}})
        assert tried(patch, recorded(), recorded(action="close")).outcomes == {Outcome.UNCHANGED: 2}

    def test_a_narrower_layer_still_wins(self) -> None:
        record = recorded(layer("symbol:BTCUSDT", max_position_size_usd=2000.0))
        assert tried(TIGHT, record).outcomes == {Outcome.UNCHANGED: 1}

    def test_an_exit_passes_under_any_policy(self) -> None:
        shut = PolicyPatch.read({"global": {"enabled": False, "max_position_size_usd": 1}})
        assert tried(shut, recorded(action="close")).outcomes == {Outcome.UNCHANGED: 1}

    def test_what_no_gate_decided_is_counted_apart(self) -> None:
        withdrawn = recorded().model_copy(update={"withdraws": True})
        overloaded = recorded().model_copy(update={"inputs": None})
        tally = try_patch([withdrawn.model_dump_json(), overloaded.model_dump_json()], TIGHT)
        assert tally.outcomes == {Outcome.NOT_DECIDED: 2}

    def test_what_cannot_be_read_is_counted_apart(self) -> None:
        later = recorded().model_copy(update={"form": 2})
        assert try_patch(["{}", "nonsense", later.model_dump_json()], TIGHT).outcomes == {Outcome.UNREADABLE: 3}

    def test_a_record_that_this_version_decides_differently_proves_nothing(self) -> None:
        record = recorded()
        odd = record.model_copy(update={"verdict": record.verdict.model_copy(update={"message": "Yes."})})
        assert repeat([odd.model_dump_json()]).outcomes == {Outcome.NOT_REPRODUCED: 1}
        assert tried(TIGHT, odd).outcomes == {Outcome.NOT_REPRODUCED: 1}

    def test_an_unreadable_payload_stays_refused(self) -> None:
        assert tried(TIGHT, recorded(action="BUY")).outcomes == {Outcome.UNCHANGED: 1}


@given(st.lists(st.sampled_from([0.0019, 0.01, 0.03]), max_size=8), st.integers(0, 8))
def test_tallies_of_parts_add_up_to_that_of_the_whole(quantities: list[float], cut: int) -> None:
    records = [recorded(quantity=quantity) for quantity in quantities]
    whole, parts = tried(TIGHT, *records), tried(TIGHT, *records[:cut])
    parts.add(tried(TIGHT, *records[cut:]))
    assert (parts.outcomes, parts.moved, parts.examples) == (whole.outcomes, whole.moved, whole.examples)
    assert parts.examined == len(records)


def test_without_a_change_every_decision_is_the_same() -> None:
    for record in (recorded(), recorded(confidence=0.1), recorded(small_orders()), recorded(action="close")):
        assert repeat([record.model_dump_json()]).outcomes == {Outcome.UNCHANGED: 1}
        assert decide_again(record, PolicyPatch({}).on(record)) == record.verdict
