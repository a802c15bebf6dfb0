"""Rows of the tables that operators read."""

from cio_strategist.command_line.policy.view import RECORD_HEADINGS, record_rows
from tests.strategist_records import record


def test_history_tells_who_wrote_under_another_name() -> None:
    by = RECORD_HEADINGS.index("by")
    own, signed = record(changed_by="anna", caller="anna"), record(changed_by="anna", caller="llm")
    assert [row[by] for row in record_rows([own, signed])] == ["anna", "anna (llm)"]
