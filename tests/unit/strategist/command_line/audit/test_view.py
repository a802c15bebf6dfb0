import json

import pytest

from cio_strategist.command_line.audit.view import body_of
from cio_strategist.domain.record.entry import Draft, Kind
from tests.chains import NOON, chained


@pytest.mark.parametrize(
    "body", ['{"x": NaN}', '{"x": 1e999}', '{"x": 1, "x": 2}', "[" * 100_000, "no JSON", '"\\ud800"', "\ud800"]
)
def test_a_body_that_json_cannot_tell_is_shown_as_the_text_that_it_is(body: str) -> None:
    (entry,) = chained([Draft(Kind.DECISION, "id", NOON, body)])
    assert body_of(entry) == body
    assert json.loads(json.dumps(body_of(entry), allow_nan=False)) == body


def test_a_body_of_json_is_shown_as_its_values() -> None:
    (entry,) = chained([Draft(Kind.DECISION, "id", NOON, '{"verdict": {"code": null, "latency_ms": 0.5}}')])
    assert body_of(entry) == {"verdict": {"code": None, "latency_ms": 0.5}}
