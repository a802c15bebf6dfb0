import json

from cio_strategist.domain.decisions.reproduction import Replayed, reproduction_of
from cio_strategist.domain.decisions.whatif import read_record
from tests.records import recorded, small_orders


def test_a_decision_is_reproduced_from_its_record_to_the_byte() -> None:
    for record in (recorded(), recorded(small_orders()), recorded(action="close"), recorded(action="BUY")):
        found = reproduction_of(record)
        assert (found.outcome, found.differences) == (Replayed.REPRODUCED, ())
        assert found.recorded == record.verdict


def test_it_says_in_which_fields_a_verdict_differs() -> None:
    text = json.loads(recorded(small_orders()).model_dump_json())
    text["verdict"]["breaches"][0]["limit"] = 99.0
    text["verdict"]["message"] = "No."
    changed = read_record(json.dumps(text))
    assert changed is not None
    found = reproduction_of(changed)
    assert found.outcome is Replayed.DIFFERENT
    differences = {each.field: (each.recorded, each.again) for each in found.differences}
    assert differences["breaches.0.limit"] == (99.0, 100.0)
    assert differences["message"][0] == "No."
    assert len(differences) == 2


def test_a_breach_that_only_one_of_them_has_is_told() -> None:
    record = recorded(small_orders())
    fewer = record.model_copy(update={"verdict": record.verdict.model_copy(update={"breaches": ()})})
    fields = [each.field for each in reproduction_of(fewer).differences]
    assert fields
    assert all(field.startswith("breaches.0") for field in fields)


def test_what_found_no_room_has_nothing_to_make_again() -> None:
    overloaded = recorded().model_copy(update={"inputs": None})
    assert reproduction_of(overloaded).outcome is Replayed.NOT_DECIDED
