"""What must hold of every chain: nothing in it can be altered unnoticed, and a proof proves what was recorded alone."""

import json
from dataclasses import replace
from hashlib import sha256

from hypothesis import given
from hypothesis import strategies as st

from cio_strategist.domain.record import merkle
from cio_strategist.domain.record.checkpoint import Checkpoint
from cio_strategist.domain.record.entry import Draft, Entry, Kind, body_digest, link
from cio_strategist.domain.record.proof import InclusionProof, prove, wrong_with
from cio_strategist.domain.record.walk import Walk
from tests.chains import NOON, PlainKey, chained, draft, signed, signed_chain

KEY = PlainKey()
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
facts = st.dictionaries(texts, texts | st.integers(0, 2**53), max_size=3)
drafts = st.builds(Draft, st.sampled_from([Kind.DECISION, Kind.CONFIG]), texts, st.just(NOON), texts, facts)


@given(drafts)
def test_the_digest_is_that_of_the_text_which_any_json_library_writes(content: Draft) -> None:
    (entry,) = chained([content])
    told = [1, 1, entry.previous, entry.kind, entry.id, entry.at, dict(entry.facts), body_digest(entry.body)]
    text = json.dumps(told, sort_keys=True, separators=(",", ":"))
    assert entry.digest == sha256(text.encode("ascii")).hexdigest()


def holds(entries: list[Entry]) -> bool:
    walk = Walk(KEY)
    return all(walk.take(entry) is None for entry in entries)


@given(st.lists(drafts, min_size=1, max_size=8), st.data())
def test_no_field_of_an_entry_can_be_altered(content: list[Draft], data: st.DataObject) -> None:
    chain = chained(content)
    assert holds(chain)
    at = data.draw(st.integers(0, len(chain) - 1))
    other = data.draw(
        st.one_of(
            st.builds(lambda text: {"body": text}, texts),
            st.builds(lambda text: {"id": text}, texts),
            st.builds(lambda text: {"kind": text}, texts),
            st.builds(lambda value: {"facts": value}, facts),
            st.builds(lambda value: {"at": value}, st.integers()),
            st.builds(lambda value: {"sequence": value}, st.integers()),
            st.builds(lambda value: {"previous": value}, st.from_regex(r"[0-9a-f]{64}", fullmatch=True)),
            st.builds(lambda value: {"digest": value}, st.from_regex(r"[0-9a-f]{64}", fullmatch=True)),
        )
    )
    forged = replace(chain[at], **other)
    assert holds([*chain[:at], forged, *chain[at + 1 :]]) is (forged == chain[at])


@given(st.lists(drafts, min_size=2, max_size=8, unique_by=lambda each: each.id), st.data())
def test_entries_cannot_change_places_or_go(content: list[Draft], data: st.DataObject) -> None:
    chain = chained(content)
    moved = data.draw(st.permutations(chain))
    assert holds(moved) is (moved == chain)
    gone = data.draw(st.integers(0, len(chain) - 2))
    assert not holds([*chain[:gone], *chain[gone + 1 :]])


@given(st.lists(st.integers(1, 6), min_size=1, max_size=4), st.integers(0, 3))
def test_every_chain_that_is_made_as_it_should_be_holds(sizes: list[int], tail: int) -> None:
    assert holds(signed_chain(sizes, KEY, tail=tail))


@given(st.binary(min_size=32, max_size=32), st.integers(1, 70))
def test_a_growing_tree_has_the_root_that_every_path_leads_to(seed: bytes, size: int) -> None:
    leaves = [merkle.leaf_hash((seed[:31] + bytes([number])).hex()) for number in range(size)]
    tree = merkle.GrowingTree()
    for leaf in leaves:
        tree.add(leaf)
    for index, leaf in enumerate(leaves):
        path = merkle.audit_path(leaves, index)
        assert merkle.root_of_path(leaf, index, size, path) == tree.root()
        assert all(
            merkle.root_of_path(leaf, other, size, path) != tree.root() for other in range(size) if other != index
        )


def _proof(size: int, index: int) -> tuple[InclusionProof, Checkpoint]:
    entries = chained([draft(number) for number in range(size)])
    checkpoint, _ = signed(entries, KEY)
    return prove(entries[index], [entry.digest for entry in entries], checkpoint), checkpoint


@given(st.integers(1, 20), st.data())
def test_a_proof_holds_and_no_other_content_passes_for_it(size: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, size - 1))
    proof, _ = _proof(size, index)
    assert wrong_with(InclusionProof.model_validate_json(proof.model_dump_json()), KEY) is None
    fields = json.loads(proof.model_dump_json())
    part = data.draw(st.sampled_from(["entry", "checkpoint"]))
    name = data.draw(st.sampled_from(sorted(fields[part])))
    before = fields[part][name]
    after = data.draw(
        st.integers(1, 2**60)
        if isinstance(before, int)
        else st.dictionaries(st.text("abc"), st.integers(0, 9))
        if isinstance(before, dict)
        else st.text("0123456789abcdef", min_size=len(before), max_size=len(before))
    )
    fields[part][name] = after
    forged = InclusionProof.model_validate_json(json.dumps(fields))
    assert (wrong_with(forged, KEY) is None) is (after == before)


@given(st.integers(2, 20), st.data())
def test_an_entry_that_was_never_recorded_cannot_be_proved(size: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, size - 1))
    proof, checkpoint = _proof(size, index)
    stranger = link(draft(99), chained([draft(number) for number in range(index + 1)])[index].head)
    forged = proof.model_copy(update={"entry": proof.entry.model_copy(update={"body": stranger.body})})
    assert wrong_with(forged, KEY) is not None
    assert checkpoint.last == size
