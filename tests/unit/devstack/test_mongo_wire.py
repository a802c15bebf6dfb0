import struct

import bson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from devstack.mongo_wire import OP_MSG, decode_scalars, encode_question

names = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=8)
scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False)
    | st.text(st.characters(codec="utf-8"), max_size=20)
)
others = (
    st.binary(max_size=20)
    | st.datetimes(timezones=st.none()).map(lambda moment: moment.replace(microsecond=0))
    | st.builds(bson.ObjectId, st.binary(min_size=12, max_size=12))
    | st.builds(bson.Timestamp, st.integers(0, 2**32 - 1), st.integers(0, 2**32 - 1))
    | st.lists(st.integers(0, 9), max_size=3)
    | st.dictionaries(names, st.booleans(), max_size=3)
)


@given(st.dictionaries(names, scalars | others))
def test_scalars_come_back_as_they_were_and_the_rest_is_left_out(document: dict[str, object]) -> None:
    expected = {k: v for k, v in document.items() if v is None or isinstance(v, (bool, int, float, str))}
    assert decode_scalars(bson.encode(document)) == expected


@given(st.dictionaries(names, scalars | others, min_size=1), st.data())
def test_a_document_cut_short_is_refused(document: dict[str, object], data: st.DataObject) -> None:
    whole = bson.encode(document)
    with pytest.raises(ValueError, match="not a readable BSON document"):
        decode_scalars(whole[: data.draw(st.integers(0, len(whole) - 1))])


def test_an_unexpected_type_is_refused() -> None:
    with pytest.raises(ValueError, match="0x0b"):
        decode_scalars(bson.encode({"pattern": bson.Regex("a")}))


def test_a_question_is_an_op_msg_for_the_admin_database() -> None:
    message = encode_question("hello")
    length, _, response_to, kind = struct.unpack_from("<iiii", message)
    assert (length, response_to, kind) == (len(message), 0, OP_MSG)
    assert message[16:21] == bytes(5)
    assert bson.decode(message[21:]) == {"hello": 1, "$db": "admin"}
