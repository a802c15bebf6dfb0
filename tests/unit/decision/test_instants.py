from datetime import UTC, datetime

import pytest

from cio_decision.instants import read_instant

EARLIEST_EPOCH = int(datetime(2000, 1, 1, tzinfo=UTC).timestamp())
LATEST_EPOCH = int(datetime(2100, 1, 1, tzinfo=UTC).timestamp())
MOMENT = datetime(2026, 2, 25, 12, 0, 5, 500_000, tzinfo=UTC)


@pytest.mark.parametrize(
    "written",
    [
        "2026-02-25T12:00:05.500000",
        "2026-02-25T12:00:05.5",
        "2026-02-25T12:00:05.500+00:00",
        "2026-02-25T12:00:05.500Z",
        "2026-02-25 12:00:05.500",
        "2026-02-25T14:00:05.500+02:00",
        "2026-02-25T07:30:05.500-04:30",
        "20260225T120005.500",
        "2026-W09-3T12:00:05.500",
        MOMENT.timestamp(),
    ],
)
def test_every_form_that_names_one_instant_is_read_as_it(written: object) -> None:
    found = read_instant(written)
    assert found == MOMENT
    assert found is not None
    assert found.utcoffset() == MOMENT.utcoffset()


@pytest.mark.parametrize(("written", "hour"), [("2026-02-25T12:00:00", 12), ("2026-02-25T12", 12), (1_772_020_800, 12)])
def test_less_precise_instants_are_read_too(written: object, hour: int) -> None:
    assert read_instant(written) == datetime(2026, 2, 25, hour, tzinfo=UTC)


@pytest.mark.parametrize(
    "written",
    [
        None,
        "",
        " ",
        "now",
        "2026-02-25",
        "20260225",
        "12:00:05",
        "1772020805",
        "1772020805.5",
        1_772_020_805_500,
        0,
        -1,
        True,
        False,
        float("nan"),
        float("inf"),
        [2026, 2, 25],
        {"year": 2026},
        "2026-02-30T12:00:00",
        "2026-02-25T25:00:00",
        "2026-13-25T12:00:00",
        "2026-02-25T12:00:05 ",
        " 2026-02-25T12:00:05",
        "2026-02-25T12:00:05+25:00",
        "25.02.2026 12:00:05",
        "\u0662\u0660\u0662\u0666-02-25T12:00:05",
        "0001-01-01T00:00:00+10:00",
        "9999-12-31T23:59:59-10:00",
    ],
)
def test_what_could_only_be_guessed_at_is_not_read(written: object) -> None:
    assert read_instant(written) is None


@pytest.mark.parametrize("epoch", [EARLIEST_EPOCH, LATEST_EPOCH])
def test_the_bounds_of_epoch_seconds_are_inclusive(epoch: int) -> None:
    assert read_instant(epoch) == datetime.fromtimestamp(epoch, UTC)
    assert read_instant(float(epoch)) == datetime.fromtimestamp(epoch, UTC)


@pytest.mark.parametrize("epoch", [EARLIEST_EPOCH - 1, LATEST_EPOCH + 1, LATEST_EPOCH * 1000, 10**400])
def test_numbers_beyond_the_bounds_are_another_unit(epoch: int) -> None:
    assert read_instant(epoch) is None
