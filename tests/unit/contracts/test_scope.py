import pytest
from hypothesis import given
from hypothesis import strategies as st

from petrosa_contracts import Scope, ScopeError, ScopeKind, Side

symbols = st.text(min_size=1).filter(lambda text: ":" not in text and not any(map(str.isspace, text)))
strategy_ids = st.text(min_size=1).filter(str.strip)
scopes = st.one_of(
    st.just(Scope.everything()),
    symbols.map(Scope.of_symbol),
    strategy_ids.map(Scope.of_strategy),
    st.builds(Scope.of_symbol_side, symbols, st.sampled_from(Side)),
)


@given(scopes)
def test_every_scope_is_read_back_from_its_key(scope: Scope) -> None:
    assert Scope.parse(scope.key) == scope


@given(st.text() | st.sampled_from(ScopeKind).flatmap(lambda kind: st.text().map(lambda rest: f"{kind}:{rest}")))
def test_text_is_a_scope_whose_key_is_stable_or_refused(text: str) -> None:
    try:
        scope = Scope.parse(text)
    except ScopeError:
        return
    assert Scope.parse(scope.key) == scope
    assert scope.key.upper() == text.upper()


@pytest.mark.parametrize(
    ("key", "scope"),
    [
        ("global", Scope(ScopeKind.GLOBAL)),
        ("symbol:BTCUSDT", Scope(ScopeKind.SYMBOL, symbol="BTCUSDT")),
        ("strategy:momentum_v1", Scope(ScopeKind.STRATEGY, strategy_id="momentum_v1")),
        ("strategy:Iceberg Order Detector", Scope(ScopeKind.STRATEGY, strategy_id="Iceberg Order Detector")),
        ("strategy:mean:reversion", Scope(ScopeKind.STRATEGY, strategy_id="mean:reversion")),
        ("symbol_side:BTCUSDT:LONG", Scope(ScopeKind.SYMBOL_SIDE, symbol="BTCUSDT", side=Side.LONG)),
        ("symbol_side:BTCUSDT:SHORT", Scope(ScopeKind.SYMBOL_SIDE, symbol="BTCUSDT", side=Side.SHORT)),
    ],
)
def test_the_documented_forms_are_read_and_written_alike(key: str, scope: Scope) -> None:
    assert Scope.parse(key) == scope
    assert str(scope) == key


@pytest.mark.parametrize(
    "key",
    [
        "",
        "GLOBAL",
        "global:",
        "global:BTCUSDT",
        "symbol",
        "symbol:",
        "symbol:BTC USDT",
        "symbol:BTCUSDT:LONG",
        "symbol:BTCUSDT\n",
        "strategy:",
        "strategy:  ",
        "symbol_side:BTCUSDT",
        "symbol_side:BTCUSDT:",
        "symbol_side:BTCUSDT:long",
        "symbol_side:BTCUSDT:BOTH",
        "symbol_side::LONG",
        "symbol_side:A:B:LONG",
        "BTCUSDT",
    ],
)
def test_anything_else_is_refused_and_the_forms_are_named(key: str) -> None:
    with pytest.raises(ScopeError, match="global, symbol:BTCUSDT, strategy:momentum_v1 or symbol_side:BTCUSDT:LONG"):
        Scope.parse(key)


def test_symbols_are_one_scope_in_whatever_case_they_are_written() -> None:
    assert Scope.parse("symbol:btcusdt") == Scope.of_symbol("BTCUSDT")
    assert Scope.of_symbol_side("btcusdt", Side.LONG).key == "symbol_side:BTCUSDT:LONG"


def test_strategies_keep_their_case() -> None:
    assert Scope.of_strategy("Momentum") != Scope.of_strategy("momentum")


def test_a_refusal_does_not_repeat_a_key_of_any_length() -> None:
    with pytest.raises(ScopeError) as refusal:
        Scope.parse("x" * 10_000)
    assert len(str(refusal.value)) < 300
