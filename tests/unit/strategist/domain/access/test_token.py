"""Tokens: what counts as one, what it may allow, and when it counts."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from cio_strategist.domain.access.caller import Caller, CallerClass, Permission
from cio_strategist.domain.access.token import (
    StoredToken,
    caller_of,
    checked_name,
    checked_permissions,
    digest_of,
    is_id,
    parts_of,
    written,
)
from cio_strategist.errors import RefusedError, UnauthenticatedError, UsageError
from tests.strategist_fakes import NOON

ID = "0123456789abcdef"
SECRET = "s" * 21 + "_-" + "S" * 20
TEXT = f"cio_{ID}_{SECRET}"
UNKNOWN = "the token is not known"


def token(**options: Any) -> StoredToken:
    return StoredToken(
        **{
            "id": ID,
            "name": "anna",
            "kind": CallerClass.OPERATOR,
            "permissions": (Permission.READ, Permission.WRITE),
            "digest": digest_of(SECRET),
            "created_at": NOON,
            **options,
        }
    )


def test_a_token_is_read_as_it_was_written() -> None:
    assert written(ID, SECRET) == TEXT
    assert parts_of(TEXT) == (ID, SECRET)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        f" {TEXT}",
        f"{TEXT} ",
        f"{TEXT}\n",
        f"Bearer {TEXT}",
        TEXT.upper(),
        TEXT[:-1],
        f"{TEXT}x",
        f"cio_{ID}_",
        f"cio__{SECRET}",
        f"cio_{ID.upper()}_{SECRET}",
        f"xyz_{ID}_{SECRET}",
        f"cio_{ID}_" + "ä" * 43,
        f"cio_{ID}_" + "\udcff" * 43,
        f"cio_{ID}_" + "\x00" * 43,
        pytest.param("cio_" * 1_000_000, id="huge, with prefixes"),
        pytest.param("x" * 10_000_000, id="huge"),
    ],
)
def test_anything_else_is_no_token_and_is_not_repeated(text: str) -> None:
    with pytest.raises(UnauthenticatedError) as refused:
        parts_of(text)
    assert str(refused.value) == "this is not a token of this service: make one with cio-policy token create"


@given(st.text())
def test_no_text_breaks_the_reading_of_tokens(text: str) -> None:
    with pytest.raises(UnauthenticatedError):
        parts_of(text)


def test_a_token_speaks_for_whom_it_was_made() -> None:
    permissions = frozenset({Permission.READ, Permission.WRITE})
    assert caller_of(token(), SECRET, NOON) == Caller("anna", CallerClass.OPERATOR, permissions, ID)


def test_a_token_allows_no_less_than_none_does() -> None:
    caller = caller_of(token(permissions=(Permission.WRITE,)), SECRET, NOON)
    assert caller.permissions == {Permission.READ, Permission.WRITE}


@pytest.mark.parametrize(
    ("stored", "secret", "message"),
    [
        (None, SECRET, UNKNOWN),
        (token(), SECRET[:-1] + "x", UNKNOWN),
        (token(), "", UNKNOWN),
        (token(), digest_of(SECRET), UNKNOWN),
        (token(revoked_at=NOON), "x" * 43, UNKNOWN),
        (token(revoked_at=NOON), SECRET, "the token of anna was revoked at 2026-02-25 12:00:00Z"),
        (token(expires_at=NOON), SECRET, "the token of anna expired at 2026-02-25 12:00:00Z"),
    ],
)
def test_a_token_that_does_not_count_says_why_to_whom_it_belongs(
    stored: StoredToken | None, secret: str, message: str
) -> None:
    with pytest.raises(UnauthenticatedError) as refused:
        caller_of(stored, secret, NOON)
    assert str(refused.value).startswith(message)


def test_a_token_counts_until_it_expires() -> None:
    assert caller_of(token(expires_at=NOON + timedelta(microseconds=1)), SECRET, NOON).name == "anna"


@pytest.mark.parametrize("permission", [Permission.LOOSEN, Permission.APPROVE])
def test_an_agents_token_that_claims_an_operators_permission_does_not_count(permission: Permission) -> None:
    doctored = token(kind=CallerClass.AGENT, permissions=(Permission.READ, permission))
    with pytest.raises(UnauthenticatedError, match=f"claims {permission}: no agent has it"):
        caller_of(doctored, SECRET, NOON)


def test_by_default_an_agent_can_write_and_tighten_and_an_operator_everything() -> None:
    assert checked_permissions(CallerClass.AGENT, None) == (Permission.READ, Permission.WRITE, Permission.TIGHTEN)
    assert checked_permissions(CallerClass.OPERATOR, None) == tuple(Permission)


def test_permissions_are_kept_once_each_and_in_one_order() -> None:
    wanted = [Permission.TIGHTEN, Permission.READ, Permission.TIGHTEN]
    assert checked_permissions(CallerClass.AGENT, wanted) == (Permission.READ, Permission.TIGHTEN)


@pytest.mark.parametrize(
    ("wanted", "named"),
    [
        ([Permission.LOOSEN], "control:loosen"),
        ([Permission.READ, Permission.APPROVE], "proposals:approve"),
        (list(Permission), "control:loosen or proposals:approve"),
    ],
)
def test_an_agent_never_gets_what_is_a_persons_to_do(wanted: list[Permission], named: str) -> None:
    with pytest.raises(RefusedError, match=f"an agent never holds {named}: letting more pass is a person's decision"):
        checked_permissions(CallerClass.AGENT, wanted)


def test_a_token_that_allows_nothing_is_not_made() -> None:
    with pytest.raises(UsageError, match="must allow something: config:read, "):
        checked_permissions(CallerClass.OPERATOR, [])


@pytest.mark.parametrize("name", ["anna", "Zoë B.", "strategist-1", "x" * 80])
def test_names_of_people_and_programs_are_taken(name: str) -> None:
    assert checked_name(f" {name}\n") == name


@pytest.mark.parametrize(
    "name", ["", "  ", "x" * 81, "a\nb", "a\x1b[0m", "a\u202eb", "a:b", ID, "anonymous", "Anonymous"]
)
def test_names_that_could_be_mistaken_are_refused(name: str) -> None:
    with pytest.raises(UsageError, match="name of a token"):
        checked_name(name)


def test_what_is_kept_of_a_token_does_not_show_its_digest_by_accident() -> None:
    assert digest_of(SECRET) not in repr(token())


@pytest.mark.parametrize(
    "wrong", [{"digest": "x"}, {"digest": "ä" * 64}, {"id": "1"}, {"name": ""}, {"permissions": ()}]
)
def test_what_cannot_be_a_token_is_not_read_from_a_store(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        token(**wrong)


@pytest.mark.parametrize(("text", "true"), [(ID, True), (ID[1:], False), (ID + "0", False), ("anna", False)])
def test_ids_are_told_from_names(text: str, true: bool) -> None:
    assert is_id(text) is true
