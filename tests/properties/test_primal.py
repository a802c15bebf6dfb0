"""Whatever policy, control and mode say, nothing above a primal limit is approved: said in exact fractions."""

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from typing import Any

from hypothesis import event, example, given, settings
from hypothesis import strategies as st

from cio_decision.context import Context
from cio_decision.evaluation import evaluate
from cio_decision.intent import Intent
from petrosa_contracts import Code, Mode, Side
from petrosa_contracts.primal import PrimalLimits
from tests.builders import context, intent, policy
from tests.exact_rules import exactly, worth
from tests.intents import ENTRIES, EXITS, contexts, intents
from tests.portfolio_rules import exposure_fits, loss_fits, only_reduces

ANY_MODE = (Mode.ACTIVE, Mode.SAFE, Mode.HALTED, Mode.FROZEN)
SHARES = st.decimals("0.00000001", "1", places=8)

LIMITS = st.builds(
    PrimalLimits,
    revision=st.integers(0, 9),
    order_notional_usd=st.decimals("0.01", "1000000", places=8),
    leverage=st.integers(1, 125),
    exposure_share=SHARES,
    daily_loss_share=SHARES,
    orders_per_second=st.integers(1, 100),
    price_deviation_share=SHARES,
    quote_assets=st.sampled_from([("USDT",), ("USDC",), ("USDC", "USDT")]),
)
RATES = st.integers(0, 120)


def keeps(intent: Intent, context: Context, limits: PrimalLimits) -> bool:
    """Whether an order keeps every primal limit; what is wrong with none is said in no word of the gate's."""
    signal = intent.signal
    if context.orders_last_second + 1 > limits.orders_per_second:
        return False
    if only_reduces(intent, context):
        return True
    price, current = exactly(signal.price), exactly(signal.current_price)
    _, largest = worth(intent, context)
    return (
        signal.symbol.endswith(limits.quote_assets)
        and largest <= Fraction(limits.order_notional_usd)
        and max(context.policy["leverage"], intent.recommended_leverage or 0) <= limits.leverage
        and exactly(signal.position_size_pct or 0) <= Fraction(limits.exposure_share)
        and abs(price / current - 1) <= Fraction(limits.price_deviation_share)
        and exposure_fits(intent, context, Fraction(limits.exposure_share))
        and loss_fits(context, Fraction(limits.daily_loss_share))
    )


@given(
    intents((*ENTRIES, "close")),
    st.sampled_from([Side.LONG, Side.SHORT]).flatmap(lambda side: contexts(side=side, modes=ANY_MODE)),
    LIMITS,
    RATES,
)
@settings(max_examples=300)
def test_nothing_above_a_primal_limit_is_approved(
    read: Intent, circumstances: Context, limits: PrimalLimits, orders: int
) -> None:
    verdict = evaluate(read, replace(circumstances, primal=limits, orders_last_second=orders))
    event(f"approved: {verdict.approved}")
    kept = keeps(read, replace(circumstances, orders_last_second=orders), limits)
    assert kept or not verdict.approved
    assert kept or Code.PRIMAL_LIMIT in {breach.code for breach in verdict.breaches}


COEFFICIENTS = st.integers(10**14, 10**15 - 1)


@given(COEFFICIENTS, COEFFICIENTS, st.integers(-2, 2))
@example(663438598717079, 970985907498747, 0)
@settings(max_examples=300)
def test_the_last_digit_of_a_long_product_decides(quantity: int, price: int, off: int) -> None:
    """Limits as near to a product of two long numbers as limits can be."""
    amount, at = float(Decimal(quantity).scaleb(-15)), float(Decimal(price).scaleb(-11))
    product = exactly(amount) * exactly(at)
    limit = Decimal(int(product * 10**8) + off).scaleb(-8)
    limits = generous(order_notional_usd=limit)
    verdict = evaluate(
        intent(quantity=amount, price=at, current_price=at),
        context(primal=limits, policy=policy(max_position_size_usd=1_000_000.0, min_position_size_usd=1.0)),
    )
    smallest = max(Fraction(21), exactly(at) / 500 * 2)  # what engines raise a small order to, at the most
    if product > smallest:
        assert verdict.approved is (product <= Fraction(limit))


@given(intents(EXITS), contexts(modes=(Mode.ACTIVE, Mode.SAFE, Mode.HALTED)), LIMITS)
def test_exits_pass_while_the_rate_is_kept(read: Intent, circumstances: Context, limits: PrimalLimits) -> None:
    calm = replace(circumstances, orders_last_second=0)
    assert evaluate(read, replace(calm, primal=limits)).approved is evaluate(read, calm).approved


@given(intents((*ENTRIES, *EXITS)), contexts(modes=ANY_MODE), LIMITS, RATES)
def test_primal_limits_only_ever_take_away(
    read: Intent, circumstances: Context, limits: PrimalLimits, orders: int
) -> None:
    without = replace(circumstances, orders_last_second=orders)
    assert not evaluate(read, replace(without, primal=limits)).approved or evaluate(read, without).approved


def generous(**fields: Any) -> PrimalLimits:
    """Return limits that nothing ordinary meets, but for those given."""
    widest = {
        "revision": 1,
        "order_notional_usd": Decimal(10**6),
        "leverage": 125,
        "exposure_share": Decimal(1),
        "daily_loss_share": Decimal(1),
        "orders_per_second": 10_000,
        "price_deviation_share": Decimal(1),
        "quote_assets": ("USDT",),
    }
    return PrimalLimits.model_validate({**widest, **fields})
