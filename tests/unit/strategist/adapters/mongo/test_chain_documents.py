from dataclasses import replace

import bson
import pytest
from bson.code import Code
from bson.int64 import Int64
from hypothesis import given
from hypothesis import strategies as st

from cio_strategist.adapters.mongo.chain_documents import entry_document, read_entry, split
from cio_strategist.domain.record.entry import Draft, Entry, Kind
from cio_strategist.domain.record.walk import Walk
from tests.chains import NOON, PlainKey, chained, signed_chain

KEY = PlainKey()
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
names = texts.filter(lambda text: "\0" not in text)
facts = st.dictionaries(names, texts | st.integers(-(2**63), 2**63 - 1), max_size=3)
drafts = st.builds(Draft, st.sampled_from(Kind), texts, st.just(NOON), texts, facts)


def raw(entry: Entry) -> bytes:
    return bson.encode(entry_document(entry))


def holds(documents: list[bytes]) -> bool:
    walk = Walk(KEY)
    for document in documents:
        entry = read_entry(document)
        if entry is None or walk.take(entry) is not None:
            return False
    return True


@given(st.lists(drafts, min_size=1, max_size=4))
def test_an_entry_is_read_as_it_was_written(content: list[Draft]) -> None:
    chain = chained(content)
    written = [raw(entry) for entry in chain]
    assert [read_entry(document) for document in written] == chain
    assert list(split(b"".join(written))) == written


def test_any_single_byte_that_is_flipped_is_found() -> None:
    chain = [raw(entry) for entry in signed_chain([2, 1], KEY, tail=1)]
    assert holds(chain)
    for place, document in enumerate(chain):
        for at in range(len(document)):
            for bit in range(8):
                flipped = bytearray(document)
                flipped[at] ^= 1 << bit
                assert not holds([*chain[:place], bytes(flipped), *chain[place + 1 :]]), (place, at, bit)


@given(st.lists(drafts, min_size=1, max_size=3), st.data())
def test_any_byte_that_is_replaced_is_found_whatever_is_recorded(content: list[Draft], data: st.DataObject) -> None:
    chain = [raw(entry) for entry in chained(content)]
    place = data.draw(st.integers(0, len(chain) - 1))
    at = data.draw(st.integers(0, len(chain[place]) - 1))
    forged = bytearray(chain[place])
    forged[at] = data.draw(st.integers(0, 255).filter(lambda byte: byte != chain[place][at]))
    assert not holds([*chain[:place], bytes(forged), *chain[place + 1 :]])


@pytest.mark.parametrize(
    "change",
    [
        {"note": "one more field"},
        {"facts": {"verdict": True}},
        {"facts": {"n": 1.0}},
        {"facts": []},
        {"body": Code("{}")},
        {"_id": 1.0},
        {"_id": Int64(1)},
        {"kind": None},
        {"at": "2026-02-25"},
    ],
)
def test_a_document_of_another_form_is_damaged(change: dict[str, object]) -> None:
    (entry,) = chained([Draft(Kind.DECISION, "id", NOON, "{}")])
    assert read_entry(bson.encode({**entry_document(entry), **change})) is None


def test_a_document_with_its_fields_in_another_order_is_damaged() -> None:
    (entry,) = chained([Draft(Kind.DECISION, "id", NOON, "{}")])
    document = entry_document(entry)
    assert read_entry(bson.encode(dict(reversed(document.items())))) is None


@pytest.mark.parametrize("document", [b"", b"\x05\0\0\0\0", b"no document", b"\0\0\0\x80" + b"\0" * 9])
def test_what_is_no_document_is_damaged(document: bytes) -> None:
    assert read_entry(document) is None


@pytest.mark.parametrize("at", [-(2**63), -62_135_596_800_001, 253_402_300_800_000, 2**63 - 1])
def test_an_entry_of_a_time_that_is_none_is_damaged_though_it_has_its_digest(at: int) -> None:
    (entry,) = chained([Draft(Kind.DECISION, "id", NOON, "{}")])
    forged = replace(entry, at=at)
    assert read_entry(raw(replace(forged, digest=forged.true_digest()))) is None


@pytest.mark.parametrize("at", [-62_135_596_800_000, 253_402_300_799_999])
def test_the_first_and_the_last_millisecond_are_times(at: int) -> None:
    (entry,) = chained([Draft(Kind.DECISION, "id", NOON, "{}")])
    read = read_entry(raw(replace(entry, at=at)))
    assert read is not None
    assert read.moment.year in {1, 9999}
