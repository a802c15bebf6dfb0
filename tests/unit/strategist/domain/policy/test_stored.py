"""Reading what is stored."""

import pytest

from cio_strategist.domain.policy.stored import read_layer, scope_order


def test_a_layer_the_gate_believes_has_no_problem() -> None:
    stored = read_layer("global", '{"scope": "global", "version": 2, "parameters": {"leverage": 5, "foreign": 1}}')
    assert stored.problem is None
    assert stored.layer is not None
    assert stored.layer.parameters == {"leverage": 5, "foreign": 1}


@pytest.mark.parametrize(
    ("field", "text", "words"),
    [
        ("global", '{"scope": "global", "version": 2, "parameters": {"leverage": 999}}', "leverage"),
        ("global", '{"scope": "symbol:A", "version": 2, "parameters": {}}', "symbol:A"),
        ("junk", '{"scope": "junk", "version": 2, "parameters": {}}', "is not a scope"),
    ],
)
def test_a_layer_the_gate_refuses_keeps_what_can_be_read(field: str, text: str, words: str) -> None:
    stored = read_layer(field, text)
    assert stored.layer is not None
    assert stored.problem is not None
    assert words in stored.problem


@pytest.mark.parametrize("text", ["", "{", "7", '{"version": 0}', "\udcff"])
def test_what_is_no_layer_is_explained_in_one_line(text: str) -> None:
    stored = read_layer("global", text)
    assert stored.layer is None
    assert stored.problem is not None
    assert stored.problem.startswith("policy of 'global' cannot be read: ")
    assert "\n" not in stored.problem
    assert "http" not in stored.problem


def test_scopes_are_shown_from_the_widest_to_the_narrowest() -> None:
    fields = ["junk", "symbol_side:A:LONG", "strategy:b", "symbol:B", "symbol:A", "global", "strategy:a"]
    assert sorted(fields, key=scope_order) == [
        "global",
        "symbol:A",
        "symbol:B",
        "strategy:a",
        "strategy:b",
        "symbol_side:A:LONG",
        "junk",
    ]
