"""Position sizing: how large a single order may be, and the smallest amounts that are worth sending."""

from petrosa_contracts.parameters.definition import Example, Group, Parameter, ParameterType, Risk, Unit

POSITION_SIZING: tuple[Parameter, ...] = (
    Parameter(
        name="position_size_pct",
        type=ParameterType.FLOAT,
        group=Group.POSITION_SIZING,
        unit=Unit.FRACTION,
        default=0.1,
        minimum=0.001,
        maximum=1.0,
        description=(
            "The largest share of the account's equity that a single order may ask for, as a fraction of one in spite "
            "of the name: 0.1 is 10 %, and 10 is refused. The gate vetoes an intent whose own `position_size_pct`, a "
            "fraction as well, lies above it (POSITION_SIZE_MAX). It is a ceiling on what the bot asks, not a size "
            "that is filled in: an intent without a percentage is judged by its notional alone. Engines have a limit "
            "of their own, taken from their environment and 0.1 at present, so a value above 0.1 here only moves the "
            "refusal from the gate to the engine."
        ),
        impact=(
            "On 10,000 USD of equity, 0.1 allows orders up to 1,000 USD and 0.02 up to 200 USD. With ten positions "
            "open at once the first commits as much as the whole account in notional, the second a fifth of it. Size "
            "scales every loss: at a stop 2 % away the first loses 20 USD per trade and the second 4 USD. Leverage "
            "changes neither figure, only the collateral locked."
        ),
        raise_when=(
            "A strategy has shown over some hundred trades that it earns its risk, few positions are open at the same "
            "time, and the engine's own limit has been raised together with it. Moves from 0.05 to 0.08 are plenty."
        ),
        lower_when=(
            "A strategy is new or in drawdown, many strategies trade the same symbols, or volatility has doubled: "
            "halving the share keeps the swing of the account as it was. For a trial run 0.005 to 0.01 is enough to "
            "learn from."
        ),
        related=(
            "max_position_size_usd",
            "min_position_size_usd",
            "max_portfolio_exposure_pct",
            "max_concurrent_positions",
        ),
        example=Example(
            0.05,
            "Equity is 8,000 USD, so one order may ask for at most 0.05 x 8,000 = 400 USD. An intent with "
            "`position_size_pct` 0.05 passes, since equal to the limit is inside it. One with 0.06 would be 480 USD "
            "and is vetoed with measured 0.06 and limit 0.05. Whoever types 5 here, meaning 5 %, is told to write "
            "0.05.",
        ),
        risk=Risk.RAISES,
    ),
    Parameter(
        name="max_position_size_usd",
        type=ParameterType.FLOAT,
        group=Group.POSITION_SIZING,
        unit=Unit.USD,
        default=1000.0,
        minimum=1.0,
        maximum=1000000.0,
        description=(
            "The largest notional of one order in US dollars, taken as equal to the quote currency (USDT). Notional is "
            "quantity times the price the gate values the order at; leverage is not multiplied in. Where the engine "
            "would work out the amount itself, because the quantity is 0 or a percentage is given, the gate takes the "
            "largest amount any engine would arrive at. Beyond the limit it vetoes with ORDER_NOTIONAL_MAX. Nothing "
            "downstream looks at this value, so what the gate lets through here is what goes to the exchange. Despite "
            "its name it bounds an order, not the position that several orders add up to."
        ),
        impact=(
            "This is the bluntest and most dependable size limit: it needs no equity, no positions and no price "
            "history. Going from 1,000 to 5,000 USD makes the worst single order five times as costly: at a stop 2 % "
            "away 100 USD in place of 20 USD, and 300 USD in place of 60 USD on an engine that moves the stop out to 6 "
            "%. Where a market regime is configured, its multiplier shrinks this limit further (REGIME_SIZE); in SAFE "
            "and CONSERVATIVE modes the fail-safe limit, 5,000 USD at present, holds beside it."
        ),
        raise_when=(
            "Equity has grown and orders that are right by percentage are now vetoed for their notional, or a symbol "
            "is so liquid that a larger order does not move its price. Raise it on the symbol or strategy that needs "
            "it rather than globally."
        ),
        lower_when=(
            "The book of the symbol is thin, the strategy is on probation, prices behave strangely, or somebody wants "
            "a hard limit on regret over a weekend. Tightening takes effect with the next intent and cannot trap an "
            "open position: closing is exempt."
        ),
        related=(
            "min_position_size_usd",
            "position_size_pct",
            "max_portfolio_exposure_pct",
            "quantity_multiplier",
            "max_daily_trades",
        ),
        example=Example(
            2500.0,
            "An intent buys 0.04 BTC at 50,000: 0.04 x 50,000 = 2,000 USD, below 2,500, approved. The next asks for "
            "0.06 BTC: 3,000 USD, vetoed. Two approved orders of 2,000 USD make a position of 4,000 USD, which this "
            "limit allows; `max_portfolio_exposure_pct` is there to bound the sum. With leverage at 10x the numbers "
            "are the same.",
        ),
        risk=Risk.RAISES,
    ),
    Parameter(
        name="min_position_size_usd",
        type=ParameterType.FLOAT,
        group=Group.POSITION_SIZING,
        unit=Unit.USD,
        default=10.0,
        minimum=1.0,
        maximum=10000.0,
        description=(
            "The smallest notional of one order in US dollars (the quote currency). Below it the gate vetoes with "
            "ORDER_NOTIONAL_MIN. Orders that only close or reduce are exempt, so a remainder can always be sold. The "
            "notional is the one the gate computes for the largest amount an engine would order: an intent with "
            "quantity 0 counts as the exchange's minimum order, not as zero. Nothing downstream looks at this value. "
            "If it ever lies above `max_position_size_usd` at the same scope, no entry can satisfy both."
        ),
        impact=(
            "Very small orders are mostly cost and noise: they fill the position slots and the day's trade count, and "
            "their stops are sized in cents. But they are not free of risk either, because engines raise what is too "
            "small for the exchange up to its minimum. Going from 10 to 50 USD vetoes entries between the two; going "
            "above the size the bots normally ask for, say 200 USD against orders of 150 USD, brings a strategy to a "
            "halt, one vetoed order at a time."
        ),
        raise_when=(
            "A strategy scatters crumbs: many orders just over the exchange minimum that use up `max_daily_trades` or "
            "`max_concurrent_positions` without being able to earn anything noticeable."
        ),
        lower_when=(
            "The account is small, a strategy is tried out at the smallest possible size, or verdicts show "
            "ORDER_NOTIONAL_MIN for orders that were meant. Below the exchange's own minimum the value has no "
            "practical effect any more."
        ),
        related=("max_position_size_usd", "override_min_notional", "use_exchange_minimums", "position_size_pct"),
        example=Example(
            25.0,
            "An intent sells 0.3 SOL at 60: 0.3 x 60 = 18 USD, below 25, vetoed. At 0.5 SOL it is 30 USD and passes. "
            "An intent with quantity 0 on a symbol whose minimum order is 20 USD counts with the engine's head room of "
            "5 %, at least 1.05 x 20 = 21 USD, and is vetoed too: at 25 such strategies stand still, at 20 they trade.",
        ),
        risk=Risk.LOWERS,
    ),
    Parameter(
        name="quantity_multiplier",
        type=ParameterType.FLOAT,
        group=Group.POSITION_SIZING,
        unit=Unit.MULTIPLE,
        default=1.0,
        minimum=0.1,
        maximum=10.0,
        description=(
            "A factor for the amount of an order: 1.0 leaves it alone, 0.5 halves it, 2.0 doubles it. It is advice to "
            "the order engine, and none of today's engines applies it. The gate does not apply it either, because the "
            "gate approves or vetoes and never rewrites a trade; nor does it multiply it into the notional it checks. "
            "A value other than 1.0 therefore documents an intention and changes no order by itself."
        ),
        impact=(
            "If an engine applied it, it would act after the gate has checked the order: with 3.0, an order approved "
            "at 900 USD would reach the exchange at 2,700 USD, past a `max_position_size_usd` of 1,000. That is the "
            "reason to leave it at 1.0 until both are known to agree. Downwards it is harmless, except that very small "
            "results are raised to the exchange minimum again."
        ),
        raise_when=(
            "Only if the engine in use is known to apply it and the size limits have been set with the multiplied "
            "amount in mind. As a rule, raise the size in the strategy itself, where the gate can see it."
        ),
        lower_when=(
            "An engine is known to apply it and the whole fleet should trade at a fraction for a while, for instance "
            "0.25 through an event. To be certain of the effect, lower `max_position_size_usd` or `position_size_pct` "
            "in addition, since those are enforced."
        ),
        related=("max_position_size_usd", "position_size_pct", "use_exchange_minimums"),
        example=Example(
            0.5,
            "A bot asks for 0.02 BTC at 50,000, 1,000 USD. The gate checks 1,000 USD, whatever stands here. An engine "
            "that honours the factor orders 0.5 x 0.02 = 0.01 BTC, 500 USD; one that ignores it orders the full 0.02 "
            "BTC. Plan for the second.",
        ),
        risk=Risk.RAISES,
    ),
    Parameter(
        name="use_exchange_minimums",
        type=ParameterType.BOOLEAN,
        group=Group.POSITION_SIZING,
        unit=Unit.BOOL,
        default=True,
        description=(
            "Whether the smallest order is read from the exchange's own rules for the symbol (smallest quantity, step, "
            "smallest notional) or taken from the three `override_` parameters. True trusts the exchange. It is "
            "advice: today's engines always read the exchange's rules and fall back to built-in numbers (0.001 units, "
            "a step of 0.001, 20 USD) when they cannot, whatever stands here. The gate has its own view of the "
            "exchange's rules and does not read this flag."
        ),
        impact=(
            "The exchange's rules change without notice and differ by a factor of a thousand between symbols, so "
            "hand-kept numbers go stale: too low and the exchange refuses orders, too high and small orders are "
            "inflated. An engine raises an order that is below the minimum to the minimum plus about 5 % rather than "
            "refusing it, so a wrong minimum turns directly into money: 500 USD typed where 5 was meant makes every "
            "small order a 525 USD order."
        ),
        raise_when=(
            "Turn it on, or better leave it on: in normal operation there is no reason to know better than the "
            "exchange."
        ),
        lower_when=(
            "Turn it off only while the exchange's rule endpoint is known to be wrong or away for a symbol, on that "
            "symbol's scope alone, with all three overrides filled in from the exchange's published table, and with a "
            "date to turn it on again."
        ),
        related=("override_min_notional", "override_min_qty", "override_step_size", "min_position_size_usd"),
        example=Example(
            False,
            "For ABCUSDT the rules cannot be read. With the flag off and `override_min_notional` 5, `override_min_qty` "
            "1 and `override_step_size` 1, at a price of 0.40 the smallest sensible order is 1.05 x max(1, 5 / 0.40) = "
            "1.05 x 12.5 = 13.125, rounded up to 14 units, 5.60 USD. The built-in fallback would use 20 USD: 1.05 x 50 "
            "= 52.5, so 52.5 units and 21 USD.",
        ),
        risk=Risk.LOWERS,
    ),
    Parameter(
        name="override_min_notional",
        type=ParameterType.FLOAT,
        group=Group.POSITION_SIZING,
        unit=Unit.USD,
        default=None,
        minimum=1.0,
        maximum=1000.0,
        nullable=True,
        description=(
            "The smallest notional of an order in US dollars to assume in place of the exchange's own MIN_NOTIONAL "
            "rule. Null, the default, means that the exchange's rule is used. It belongs to `use_exchange_minimums` "
            "and is meant to speak only while that is off. It is advice: today's engines do not use it. It is not a "
            "limit of the gate, which has `min_position_size_usd` for that: the override says what size small orders "
            "are raised to, the limit says which orders are turned away."
        ),
        impact=(
            "Where it is used, every order below it grows to it: at 50, an order of 8 USD becomes one of about 52.50 "
            "USD with the usual head room of 5 %, six and a half times what the strategy asked for. Set below the "
            "exchange's real minimum, commonly between 5 and 100 USD depending on the symbol, it has orders refused by "
            "the exchange instead."
        ),
        raise_when=(
            "The exchange is known to have raised its minimum for a symbol and the rules an engine holds are out of "
            "date, so that orders come back refused as too small."
        ),
        lower_when=(
            "Small orders turn out larger than the strategies asked for. In most cases the better step is not a lower "
            "number but null, which hands the matter back to the exchange's own rule."
        ),
        related=("use_exchange_minimums", "override_min_qty", "min_position_size_usd", "max_position_size_usd"),
        example=Example(
            20.0,
            "ETHUSDT trades at 2,500. A minimum of 20 USD with 5 % head room is 1.05 x 20 = 21 USD, or 21 / 2,500 = "
            "0.0084 ETH, rounded up at a step of 0.001 to 0.009 ETH, 22.50 USD. An order for 0.004 ETH, 10 USD, would "
            "be raised to that, more than double; one for 0.1 ETH, 250 USD, stays as it is.",
        ),
        risk=Risk.RAISES,
    ),
    Parameter(
        name="override_min_qty",
        type=ParameterType.FLOAT,
        group=Group.POSITION_SIZING,
        unit=Unit.BASE_ASSET_QTY,
        default=None,
        minimum=1e-06,
        maximum=1000.0,
        nullable=True,
        description=(
            "The smallest quantity of an order to assume in place of the exchange's LOT_SIZE rule, counted in the coin "
            "itself: 0.001 on BTCUSDT is a thousandth of a bitcoin. Null, the default, means the exchange's rule. It "
            "belongs to `use_exchange_minimums` and is advice that today's engines do not use. Since a unit of one "
            "coin is worth thousands of dollars and that of another a fraction of a cent, it makes sense on a symbol's "
            "scope and never globally."
        ),
        impact=(
            "The same number is a different order on every symbol: 1.0 is 50,000 USD of BTC at a price of 50,000, 60 "
            "USD of SOL at 60 and 0.10 USD of a coin at 0.10. Where it is used it raises smaller orders to itself, so "
            "a value copied from one symbol's scope to another, or set globally, can turn a 20 USD order into one "
            "larger than the account. `max_position_size_usd` vetoes only what the gate can foresee, and it foresees "
            "the exchange's rules, not this override."
        ),
        raise_when=(
            "The exchange refuses orders on one symbol for too small a quantity, and its published lot size is larger "
            "than the one in use."
        ),
        lower_when=(
            "Orders on a symbol are larger than the strategy asked for, or the price of the coin has multiplied since "
            "the number was typed. Prefer null, which follows the exchange."
        ),
        related=("use_exchange_minimums", "override_step_size", "override_min_notional", "max_position_size_usd"),
        example=Example(
            0.001,
            "On BTCUSDT at 50,000 a smallest quantity of 0.001 BTC is 0.001 x 50,000 = 50 USD. An order for 0.0004 "
            "BTC, 20 USD, would be raised: 1.05 x 0.001 = 0.00105, and at a step of 0.001 rounded up to 0.002 BTC, 100 "
            "USD, five times the order. With null and the same rule on the exchange the result is the same, but it "
            "follows when the exchange lowers its rule.",
        ),
        risk=Risk.RAISES,
    ),
    Parameter(
        name="override_step_size",
        type=ParameterType.FLOAT,
        group=Group.POSITION_SIZING,
        unit=Unit.BASE_ASSET_QTY,
        default=None,
        minimum=1e-06,
        maximum=1.0,
        nullable=True,
        description=(
            "The step in which quantities count, in the coin itself, to assume in place of the exchange's rule: with "
            "0.001 an order can be 0.014 or 0.015 but not 0.0145. Null, the default, means the exchange's rule. It "
            "belongs to `use_exchange_minimums`, is advice that today's engines do not use, and like the smallest "
            "quantity is only meaningful for one symbol. A step finer than the exchange's is refused by the exchange; "
            "a coarser one that is a whole multiple of it is accepted."
        ),
        impact=(
            "Rounding up to a step costs at most one step: with 0.001 BTC at 50,000 at most 50 USD per order, with "
            "0.01 at most 500 USD, which on a 300 USD order is more than the order. Rounding is upwards where a "
            "minimum has to be met, so a coarse step never makes an order safer. The upper bound of 1.0 excludes coins "
            "that only trade in tens or hundreds; leave those to the exchange's rule."
        ),
        raise_when=(
            "The exchange refuses a symbol's orders for their precision and its published step is coarser than the one "
            "in use."
        ),
        lower_when=(
            "Small orders come out visibly rounded up, or stop and entry quantities differ by a step. Null is nearly "
            "always better than a finer number of one's own."
        ),
        related=("use_exchange_minimums", "override_min_qty", "override_min_notional"),
        example=Example(
            0.01,
            "On ETHUSDT at 2,500 one step of 0.01 ETH is 25 USD. A smallest order of 1.05 x 20 / 2,500 = 0.0084 ETH is "
            "rounded up to 0.01 ETH, 25 USD. With a step of 0.001 it would be 0.009 ETH, 22.50 USD: the coarser step "
            "costs 2.50 USD more on that order, 11 % of it.",
        ),
        risk=Risk.RAISES,
    ),
)
"""The parameters of this group, in the order they are shown."""
