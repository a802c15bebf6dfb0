import base64
from decimal import Decimal
from typing import Any

import pytest
from pydantic import ValidationError

from petrosa_contracts import default_parameters
from petrosa_contracts.primal import BUILT_IN, PrimalLimits
from petrosa_contracts.primal.file import parse
from petrosa_contracts.primal.signatures import PrimalUnusableError, parse_approvers
from tests.primal import LIMITS

FIELDS: dict[str, Any] = BUILT_IN.model_dump()
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
OTHER_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"


def changed(**fields: Any) -> PrimalLimits:
    return PrimalLimits.model_validate({**FIELDS, **fields})


def test_a_file_says_every_limit_exactly_as_it_is_written() -> None:
    limits = parse(LIMITS.replace("0.05\norders", "0.0500\norders").encode())
    assert limits.revision == 3
    assert (limits.order_notional_usd, limits.daily_loss_share) == (Decimal(5000), Decimal("0.05"))
    assert (limits.leverage, limits.orders_per_second) == (20, 50)
    assert limits.quote_assets == ("USDC", "USDT")


@pytest.mark.parametrize(
    "change",
    [
        {"order_notional_usd": 0},
        {"order_notional_usd": Decimal(-1)},
        {"order_notional_usd": Decimal("NaN")},
        {"order_notional_usd": Decimal("Infinity")},
        {"order_notional_usd": Decimal("1.123456789")},
        {"order_notional_usd": Decimal(10) ** 15},
        {"order_notional_usd": 1000.0},
        {"order_notional_usd": "1000"},
        {"order_notional_usd": True},
        {"leverage": 0},
        {"leverage": 126},
        {"leverage": 10.0},
        {"leverage": True},
        {"exposure_share": Decimal("1.01")},
        {"daily_loss_share": Decimal(0)},
        {"orders_per_second": 0},
        {"price_deviation_share": Decimal(2)},
        {"quote_assets": []},
        {"quote_assets": "USDT"},
        {"quote_assets": ["usdt"]},
        {"quote_assets": ["USDT", "USDT"]},
        {"quote_assets": [""]},
        {"revision": -1},
        {"max_leverage": 10},
    ],
    ids=str,
)
def test_what_is_no_limit_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        changed(**change)


@pytest.mark.parametrize("name", FIELDS)
def test_no_limit_may_be_left_out(name: str) -> None:
    with pytest.raises(ValidationError, match=name):
        PrimalLimits.model_validate({field: value for field, value in FIELDS.items() if field != name})


def test_limits_cannot_be_changed() -> None:
    with pytest.raises(ValidationError):
        BUILT_IN.leverage = 125  # pyright: ignore[reportAttributeAccessIssue]


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "revision: Field required"),
        (b"\xff", "not TOML"),
        (b"revision = ", "not TOML"),
        (LIMITS.replace("revision = 3", "revision = 0").encode(), "count from 1"),
        (LIMITS.replace("leverage = 20", "leverage = 20\nleverage = 125").encode(), "not TOML"),
        (LIMITS.replace("0.8", "inf").encode(), "exposure_share"),
        (LIMITS.replace("5000", "1e9999999999999999999").encode(), "it"),
        (LIMITS.replace("leverage = 20", "leverage = true").encode(), "leverage"),
        (f"{LIMITS}more = 1\n".encode(), "more"),
    ],
)
def test_a_file_that_is_not_wholly_understood_is_of_no_use(content: bytes, why: str) -> None:
    with pytest.raises(PrimalUnusableError, match=why):
        parse(content)


def test_equal_limits_have_equal_bytes_and_digest_however_they_are_written() -> None:
    same = changed(order_notional_usd=Decimal("1000.00"), quote_assets=["USDT"])
    assert same.canonical() == BUILT_IN.canonical()
    assert same.digest() == BUILT_IN.digest()
    assert b'"order_notional_usd":"1000"' in same.canonical()
    assert changed(quote_assets=["USDC", "USDT"]).digest() == changed(quote_assets=["USDT", "USDC"]).digest()


@pytest.mark.parametrize(
    "change",
    [
        {"revision": 1},
        {"order_notional_usd": Decimal("1000.00000001")},
        {"leverage": 11},
        {"exposure_share": Decimal("0.51")},
        {"daily_loss_share": Decimal("0.03")},
        {"orders_per_second": 6},
        {"price_deviation_share": Decimal("0.03")},
        {"quote_assets": ["USDT", "USDC"]},
    ],
    ids=str,
)
def test_every_field_is_in_the_digest(change: dict[str, Any]) -> None:
    assert changed(**change).digest() != BUILT_IN.digest()


def test_policy_on_its_defaults_fits_into_the_built_in_limits() -> None:
    policy = default_parameters()
    assert policy["leverage"] <= BUILT_IN.leverage
    assert policy["max_position_size_usd"] <= BUILT_IN.order_notional_usd
    assert policy["position_size_pct"] <= BUILT_IN.exposure_share


@pytest.mark.parametrize(
    ("symbol", "allowed"),
    [("BTCUSDT", True), ("BTCUSDC", False), ("USDT", False), ("btcusdt", False), ("BTCUSDT_260327", False)],
)
def test_a_symbol_counts_by_the_asset_it_ends_with(symbol: str, allowed: bool) -> None:
    assert BUILT_IN.allows_quote_of(symbol) is allowed


def test_a_list_of_approvers_may_name_several_keys_of_one() -> None:
    listed = parse_approvers(f"# people\n\nalice {KEY} laptop\nalice {OTHER_KEY}\n".encode())
    assert {name: len(lines) for name, lines in listed.items()} == {"alice": 2}


@pytest.mark.parametrize("options", ["", 'namespaces="petrosa-primal"', 'namespaces="x",valid-before="20300101"'])
def test_lines_of_approvers_may_have_options_that_narrow(options: str) -> None:
    assert list(parse_approvers(f"alice {options} {KEY}".encode())) == ["alice"]


@pytest.mark.parametrize(
    "content",
    [
        f"* {KEY}",
        f"alice,bob {KEY}",
        f"*@fund.example {KEY}",
        f"!alice {KEY}",
        f"../alice {KEY}",
        f"alice cert-authority {KEY}",
        f"alice {KEY[:40]}",
        "alice ssh-rsa " + "A" * 300,
        "alice",
        f"alice {KEY}=====",
        f"alice {KEY}\nbob {KEY}",
        f"alice {KEY}AAA\nbob ssh-ed25519",
    ],
)
def test_a_list_that_could_be_misread_is_of_no_use(content: str) -> None:
    with pytest.raises(PrimalUnusableError, match="list of approvers"):
        parse_approvers(content.encode())


def declared(kind: str, *parts: bytes, more: bytes = b"") -> str:
    """A key of one kind with these parts, as a line of the list has it."""
    blob = b"".join(len(part).to_bytes(4, "big") + part for part in (kind.encode(), *parts)) + more
    return f"{kind} {base64.b64encode(blob).decode()}"


POINT = b"\x04" + b"\x07" * 64
ECDSA = declared("ecdsa-sha2-nistp256", b"nistp256", POINT)
ED25519 = declared("ssh-ed25519", b"\x09" * 32)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        # The last letter of base64 before a padding sign has two bits that decode to nothing.
        (ECDSA, f"{ECDSA[:-2]}{chr(ord(ECDSA[-2]) + 1)}="),
        (ECDSA, declared("sk-ecdsa-sha2-nistp256@openssh.com", b"nistp256", POINT, b"ssh:")),
        (ED25519, declared("sk-ssh-ed25519@openssh.com", b"\x09" * 32, b"ssh:")),
        (
            declared("sk-ssh-ed25519@openssh.com", b"\x09" * 32, b"ssh:"),
            declared("sk-ssh-ed25519@openssh.com", b"\x09" * 32, b"ssh:other"),
        ),
    ],
)
def test_one_key_spelled_or_declared_in_two_ways_is_one_key(one: str, other: str) -> None:
    assert parse_approvers(f"alice {one}\nalice {other}".encode())
    with pytest.raises(PrimalUnusableError, match="repeats the key"):
        parse_approvers(f"alice {one}\nbob {other}".encode())


@pytest.mark.parametrize(
    "key",
    [
        declared("ssh-ed25519", b"\x09" * 32, more=b"\0\0\0"),
        declared("ssh-ed25519", b"\x09" * 32, b"more"),
        declared("ecdsa-sha2-nistp256", POINT),
        ED25519.replace("ssh-ed25519", "sk-ssh-ed25519@openssh.com"),
        ECDSA[:-8],
    ],
)
def test_a_key_that_is_not_what_it_is_declared_as_makes_the_list_useless(key: str) -> None:
    with pytest.raises(PrimalUnusableError, match="is broken"):
        parse_approvers(f"alice {key}".encode())


def test_two_names_that_differ_in_case_alone_make_the_list_useless() -> None:
    with pytest.raises(PrimalUnusableError, match="spells a name in another way"):
        parse_approvers(f"alice {ED25519}\nAlice {ECDSA}".encode())


@pytest.mark.parametrize(
    "line",
    [
        f"alice\u00a0{ED25519}",
        f"alice {ED25519}\x0bbob {ECDSA}",
        f'alice namespaces="a\\" {ED25519}',
        f'alice namespaces="a\\",valid-before="20200101" {ED25519}',
    ],
)
def test_what_openssh_would_read_otherwise_makes_the_list_useless(line: str) -> None:
    with pytest.raises(PrimalUnusableError, match="is not `name"):
        parse_approvers(line.encode())


@pytest.mark.parametrize(
    "content", ["a = " + "[" * 5000, "a = " + "9" * 5000, "a = 1\na = 2", "[a]\n[a]", "a = 1e", "\ufeffa = 1"]
)
def test_what_is_no_toml_is_refused_whatever_is_wrong_with_it(content: str) -> None:
    with pytest.raises(PrimalUnusableError, match="not TOML"):
        parse(content.encode())


@pytest.mark.parametrize("value", ["nan", "inf", "-inf", "1e999999999", "true", '"20"', "1979-05-27", "[20]", "{}"])
def test_a_limit_is_a_plain_number(value: str) -> None:
    with pytest.raises(PrimalUnusableError, match="order_notional_usd"):
        parse(LIMITS.replace("order_notional_usd = 5000", f"order_notional_usd = {value}").encode())


def test_a_list_that_is_no_text_is_of_no_use() -> None:
    with pytest.raises(PrimalUnusableError, match="UTF-8"):
        parse_approvers(b"\xff")
