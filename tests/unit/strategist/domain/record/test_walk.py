from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest

from cio_strategist.domain.record.entry import EMPTY, Entry, Kind, canonical, link
from cio_strategist.domain.record.walk import Problem, Walk
from tests.chains import NOON, PlainKey, chained, draft, signed_chain

KEY = PlainKey()


def walked(entries: Sequence[Entry], key: PlainKey | None = KEY) -> tuple[Walk, Problem | None]:
    walk = Walk(key)
    for entry in entries:
        problem = walk.take(entry)
        if problem is not None:
            return walk, problem
    return walk, None


def test_a_chain_that_was_left_alone_holds() -> None:
    chain = signed_chain([3, 1, 5], KEY, tail=2)
    walk, problem = walked(chain)
    assert problem is None
    assert walk.head == chain[-1].head
    assert (walk.checkpoints, walk.signed_to) == (3, 11)


def test_an_empty_chain_holds() -> None:
    assert walked([])[0].head == EMPTY


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda entry: {"body": entry.body + " "}, "altered"),
        (lambda entry: {"facts": {**entry.facts, "verdict": "vetoed"}}, "altered"),
        (lambda entry: {"id": "another"}, "altered"),
        (lambda entry: {"kind": "thought"}, "altered"),
        (lambda entry: {"at": entry.at + 1}, "altered"),
        (lambda entry: {"previous": "f" * 64}, "follow"),
        (lambda entry: {"digest": "f" * 64}, "altered"),
        (lambda entry: {"sequence": 7}, "missing"),
    ],
)
def test_whatever_is_altered_is_named(change: Callable[[Entry], dict[str, object]], said: str) -> None:
    chain = signed_chain([5], KEY)
    chain[2] = replace(chain[2], **change(chain[2]))  # type: ignore[arg-type]
    _, problem = walked(chain)
    assert problem is not None
    assert said in problem.what
    assert problem.sequence == chain[2].sequence


def test_an_entry_that_was_altered_with_its_digest_is_found_by_the_next() -> None:
    chain = chained([draft(number) for number in range(4)])
    chain[1] = link(draft(99), chain[0].head)
    _, problem = walked(chain)
    assert problem == Problem(3, problem.what, "decision", chain[2].id)
    assert "exchanged" in problem.what


def test_an_entry_that_is_missing_is_named() -> None:
    chain = chained([draft(number) for number in range(4)])
    _, problem = walked([*chain[:2], chain[3]])
    assert problem is not None
    assert problem.shown().startswith("entry 4 (decision ")
    assert problem.what == "entry 3 is missing"


def test_a_chain_that_was_written_anew_fails_at_its_first_checkpoint() -> None:
    forged = signed_chain([3, 3], PlainKey("another"))
    _, problem = walked(forged)
    assert problem is not None
    assert (problem.sequence, problem.what) == (4, "the key another is not trusted")


def test_without_a_key_links_are_checked_all_the_same() -> None:
    assert walked(signed_chain([3, 3], PlainKey("another")), key=None)[1] is None


def test_what_was_signed_cannot_be_written_anew_around_the_signature() -> None:
    chain = signed_chain([3], KEY)
    forged = chained([draft(number, symbol="ETHUSDT") for number in range(3)])
    kept = chain[3]
    again = link(draft(0), forged[-1].head)
    again = replace(again, kind=kept.kind, id=kept.id, at=kept.at, facts=kept.facts, body=kept.body)
    again = replace(again, digest=again.true_digest())
    _, problem = walked([*forged, again])
    assert problem is not None
    assert "root" in problem.what


@pytest.mark.parametrize(
    ("body", "said"),
    [("{}", "no checkpoint"), (None, "should cover 1 to 3")],
)
def test_a_checkpoint_that_is_none_or_of_another_range_is_named(body: str | None, said: str) -> None:
    chain = signed_chain([2], KEY)
    moved = chained([draft(number) for number in range(3)])
    made = link(draft(0, kind=Kind.CHECKPOINT, body=body or chain[2].body), moved[-1].head)
    _, problem = walked([*moved, made])
    assert problem is not None
    assert said in problem.what


def test_a_checkpoint_filed_under_another_range_is_named() -> None:
    entries = chained([draft(0), draft(1)])
    body = signed_chain([2], KEY)[2].body
    made = link(draft(0, kind=Kind.CHECKPOINT, body=body, first=1, last=2), entries[-1].head)
    _, problem = walked([*entries, made])
    assert problem is not None
    assert "filed" in problem.what


def test_canonical_json_refuses_what_json_cannot_say() -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        canonical({"at": NOON.timestamp() * float("inf")})
