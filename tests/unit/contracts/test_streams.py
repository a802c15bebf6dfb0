import pytest

from petrosa_contracts import streams, subjects

ALL = (streams.DECISIONS, streams.FAILSAFE, streams.intents((subjects.INTENTS, subjects.LEGACY_INTENTS)))


def test_no_two_streams_would_keep_the_same_message() -> None:
    taken = [subject for stream in ALL for subject in stream.subjects]
    assert not any(subjects.covers(one, other) for one in taken for other in taken if one != other)


def test_the_stream_of_intents_never_answers_a_bot_in_the_gates_place() -> None:
    assert not streams.intents().acknowledges


def test_what_was_acknowledged_is_not_pushed_out() -> None:
    for stream in ALL:
        assert stream.acknowledges is (stream.when_full is streams.Full.REFUSE_NEW)


@pytest.mark.parametrize(
    ("topics", "kept"),
    [
        (("cio.intent.>",), ("cio.intent.>",)),
        (("cio.intent.>", "intent.>"), ("cio.intent.>", "intent.>")),
        (("cio.intent.trading.x", "cio.intent.>", "cio.intent.>"), ("cio.intent.>",)),
        (("cio.intent", "cio.intent.>"), ("cio.intent", "cio.intent.>")),
        (("cio.*.trading", "cio.intent.*"), ("cio.*.trading", "cio.intent.*")),
    ],
)
def test_a_topic_that_another_covers_is_left_out(topics: tuple[str, ...], kept: tuple[str, ...]) -> None:
    assert streams.intents(topics).subjects == kept
