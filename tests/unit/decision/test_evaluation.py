import pytest

from cio_decision.evaluation import conclude, evaluate, examine
from petrosa_contracts import Code, Decision, Mode, PolicyLayer, Provenance, Side, resolve
from tests.builders import DECISION, NOW, STRATEGY, SYMBOL, codes, context, control, intent, layer, policy


def test_an_intent_that_no_gate_objects_to_is_approved() -> None:
    verdict = evaluate(intent(), context())
    assert (verdict.verdict, verdict.code, verdict.breaches) == (Decision.APPROVED, None, ())
    assert verdict.message == "buy BTCUSDT approved."


def test_the_verdict_repeats_what_identifies_the_decision() -> None:
    verdict = evaluate(intent(signal_id="sig-1"), context(epoch=42), latency_ms=1.5)
    assert (verdict.decision_id, verdict.epoch, verdict.mode) == (DECISION, 42, Mode.ACTIVE)
    assert (verdict.strategy_id, verdict.symbol, verdict.action) == (STRATEGY, SYMBOL, "buy")
    assert (verdict.signal_id, verdict.received_at, verdict.latency_ms) == ("sig-1", NOW, 1.5)


def test_the_first_breach_names_the_veto_and_all_are_listed() -> None:
    verdict = evaluate(intent(confidence=0.1, quantity=1.0), context())
    assert codes(verdict.breaches) == ["CONFIDENCE_LOW", "ORDER_NOTIONAL_MAX"]
    assert (verdict.code, verdict.message) == (Code.CONFIDENCE_LOW, verdict.breaches[0].message)


def test_a_verdict_can_be_concluded_from_what_was_found_before() -> None:
    found = examine(intent(confidence=0.1), context())
    assert conclude(intent(), context(), found, latency_ms=0).code is Code.CONFIDENCE_LOW


@pytest.mark.parametrize("action", ["close", "hold"])
def test_an_exit_is_approved_whatever_policy_says(action: str) -> None:
    forbidding = policy(
        enabled=False, enable_longs=False, enable_shorts=False, allowed_symbols=["ETHUSDT"], max_daily_trades=1
    )
    verdict = evaluate(intent(action=action, confidence=0.0, quantity=1e9), context(policy=forbidding))
    assert verdict.approved


def test_sell_opens_a_short_and_is_no_exit() -> None:
    assert intent(action="sell").opens
    assert evaluate(intent(action="sell"), context(control=control(Mode.HALTED))).code is Code.HALT_ACTIVE


@pytest.mark.parametrize(
    ("action", "side", "opens"),
    [("buy", Side.LONG, True), ("sell", Side.SHORT, True), ("close", None, False), ("hold", None, False)],
)
def test_what_an_action_opens(action: str, side: Side | None, opens: bool) -> None:
    read = intent(action=action)
    assert (read.action, read.side, read.opens) == (action, side, opens)


def test_the_signal_id_field_decides_nothing_about_the_action() -> None:
    assert not intent(action="close", signal_type="buy").opens


@pytest.mark.parametrize("system_mode", [Mode.ACTIVE, Mode.CONSERVATIVE, Mode.BLIND])
@pytest.mark.parametrize("set_mode", [None, Mode.ACTIVE, Mode.SAFE, Mode.HALTED, Mode.FROZEN])
def test_the_strictest_mode_is_the_verdicts(system_mode: Mode, set_mode: Mode | None) -> None:
    set_by_hand = None if set_mode is None else control(set_mode)
    verdict = evaluate(intent(), context(system_mode=system_mode, control=set_by_hand))
    candidates = [system_mode] + ([] if set_mode is None else [set_mode])
    assert verdict.mode is max(candidates, key=lambda mode: mode.strictness)


LAYERS = ["global", f"symbol:{SYMBOL}", f"strategy:{STRATEGY}", f"symbol_side:{SYMBOL}:LONG"]


@pytest.mark.parametrize("narrowest", range(len(LAYERS)))
def test_the_breach_names_the_narrowest_layer_that_set_the_limit(narrowest: int) -> None:
    layers = {
        scope: layer(scope, version=number + 1, min_confidence_threshold=0.95)
        for number, scope in enumerate(LAYERS[: narrowest + 1])
    }
    resolved = resolve(layers, symbol=SYMBOL, strategy_id=STRATEGY, side=Side.LONG)
    (breach,) = evaluate(intent(), context(policy=resolved)).breaches
    assert Provenance(str(breach.scope), int(breach.version or 0)) == Provenance(LAYERS[narrowest], narrowest + 1)


def test_a_layer_that_sets_something_else_is_not_named() -> None:
    layers: dict[str, PolicyLayer] = {
        "global": layer("global", version=4, min_confidence_threshold=0.95),
        f"strategy:{STRATEGY}": layer(f"strategy:{STRATEGY}", version=9, max_daily_trades=3),
    }
    resolved = resolve(layers, symbol=SYMBOL, strategy_id=STRATEGY, side=Side.LONG)
    (breach,) = evaluate(intent(), context(policy=resolved)).breaches
    assert (breach.scope, breach.version) == ("global", 4)


def test_the_same_arguments_give_the_same_verdict() -> None:
    asked, circumstances = intent(confidence=0.1), context()
    assert evaluate(asked, circumstances, latency_ms=1) == evaluate(asked, circumstances, latency_ms=1)
