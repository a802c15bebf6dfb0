"""Order execution: leverage, margin, and how an order is placed when an intent leaves it open."""

from petrosa_contracts.parameters.definition import Example, Group, Parameter, ParameterType, Risk, Unit

ORDER_EXECUTION: tuple[Parameter, ...] = (
    Parameter(
        name="leverage",
        type=ParameterType.INTEGER,
        group=Group.ORDER_EXECUTION,
        unit=Unit.MULTIPLE,
        default=10,
        minimum=1,
        maximum=125,
        description=(
            "How many times its margin a futures position is worth, as a whole multiple: at 10, each USD of margin "
            "carries 10 USD of position. It is not a size. An order's notional is quantity times price, and neither "
            "the gate nor the order engine multiplies that by leverage; leverage decides how much collateral the "
            "position locks and how close liquidation lies. The gate compares the resolved value, and any leverage an "
            "intent recommends, with `max_leverage_bound` and vetoes with LEVERAGE_MAX above it. It does not set "
            "leverage on the exchange: the order engine works from a value of its own, 10 at present, so this number "
            "is what the gate judges by and what the desk has agreed on, not a switch at the broker."
        ),
        impact=(
            "A 1,000 USD position locks 100 USD of margin at 10x and is liquidated after an adverse move of roughly 10 "
            "% (a little less, because of maintenance margin). At 20x it locks 50 USD and has about 5 % of room, at "
            "50x 20 USD and 2 %, at 125x 8 USD and 0.8 %, which a liquid coin covers in an ordinary hour. A stop only "
            "helps while it is nearer than liquidation: engines that move every stop out to at least 6 % from the "
            "market turn it into decoration from about 16x upwards."
        ),
        raise_when=(
            "Collateral, not appetite for risk, is what is scarce: several small positions are wanted side by side, "
            "every stop lies well inside the liquidation distance (2 % stops against the 6 to 7 % of room at 15x, on "
            "an engine that leaves stops where they are), and volatility is low. Raise in single steps such as 10 to "
            "12, not by doubling."
        ),
        lower_when=(
            "Volatility rises, stops are wide or unreliable, a strategy or symbol is new, or margin is set to cross. "
            "Halving from 10 to 5 doubles the distance to liquidation and leaves profit and loss per position as they "
            "are, so it costs only idle collateral."
        ),
        related=(
            "max_leverage_bound",
            "portfolio_leverage_cap",
            "margin_type",
            "stop_loss_pct",
            "max_position_size_usd",
        ),
        example=Example(
            5,
            "A BTCUSDT long of 0.04 BTC at 50,000 is worth 0.04 x 50,000 = 2,000 USD. At 5x it locks 2,000 / 5 = 400 "
            "USD, and those 400 USD are used up by a fall of 400 / 2,000 = 20 %, near 40,000. At the default of 10x "
            "the same position locks 200 USD and reaches that point after 10 %, near 45,000. A fall of 3 % costs 60 "
            "USD either way.",
        ),
        risk=Risk.RAISES,
    ),
    Parameter(
        name="margin_type",
        type=ParameterType.STRING,
        group=Group.ORDER_EXECUTION,
        unit=Unit.ENUM,
        default="isolated",
        allowed_values=("isolated", "cross"),
        description=(
            "What stands behind a losing position: with `isolated` only the margin set aside for that position, with "
            "`cross` the whole free balance of the futures account. The words are lower case; the exchange's own "
            "spelling `ISOLATED` or `CROSSED` is refused here. No gate reads it, and the order engine may not act on "
            "it: the margin type that counts is the one configured for each symbol on the exchange, which cannot be "
            "changed while a position or order is open there. Treat this as the record of what the account is meant to "
            "be set to."
        ),
        impact=(
            "Isolated bounds the damage of one bad trade to its margin: 1,000 USD of position at 10x can lose its 100 "
            "USD and is then closed by the exchange. Cross keeps the same position alive with whatever else is in the "
            "account, so a passing wick does not close it, but a move that does not come back can take the balance and "
            "drag positions that were doing well into the same liquidation."
        ),
        raise_when=(
            "Choose `cross`, the bolder one, for books whose positions offset each other, such as a long and a short "
            "in related symbols, where one leg's paper loss is the other's paper gain and liquidating a single leg "
            "would leave the other naked."
        ),
        lower_when=(
            "Choose `isolated`, the safer one, for directional strategies, for anything new, and whenever no person "
            "watches the account. It is the right answer unless somebody can name the offsetting position that cross "
            "is meant to protect."
        ),
        related=("leverage", "max_portfolio_exposure_pct", "position_mode", "max_concurrent_positions"),
        example=Example(
            "cross",
            "The account holds 2,000 USD and one 1,000 USD long at 10x, margin 100 USD. The symbol falls 15 %: a loss "
            "of 150 USD. Isolated, the exchange liquidated on the way and about 100 USD are gone. Cross, the position "
            "is still open, 150 USD under water, and would only be liquidated once the loss had eaten nearly all of "
            "the 2,000 USD.",
        ),
        risk=Risk.RAISES,
    ),
    Parameter(
        name="default_order_type",
        type=ParameterType.STRING,
        group=Group.ORDER_EXECUTION,
        unit=Unit.ENUM,
        default="market",
        allowed_values=("market", "limit", "stop", "stop_limit", "take_profit", "take_profit_limit"),
        description=(
            "The kind of order meant when an intent does not name one. `market` takes the best price on offer; `limit` "
            "names the worst acceptable price; `stop` and `take_profit` wait for a trigger price and then go to "
            "market; the two `_limit` forms wait for the trigger and then rest at a limit. It is advice: bots as a "
            "rule name the type in the intent, no gate reads this value, and the order engine may not act on it. Where "
            "the engine does place a limit order it uses the intent's `current_price` as the limit, not its `price` or "
            "target."
        ),
        impact=(
            "The choice trades certainty against cost. With typical futures fees of 0.05 % for taking and 0.02 % for "
            "resting, a 1,000 USD order pays 0.50 USD at market, plus whatever the book is thin by, and 0.20 USD when "
            "it rests. A resting order may never fill, and those that do fill are the ones the market came for. The "
            "four triggered kinds are meant for leaving a position; as a default for entries they wait for a price "
            "that an ordinary intent does not carry."
        ),
        raise_when=(
            "Take `market` when being in matters more than the last few hundredths of a percent: momentum entries, "
            "liquid symbols, short-lived signals. It is the bolder choice as to price and the only one that is certain "
            "to execute."
        ),
        lower_when=(
            "Take `limit` when the edge per trade is of the order of the fee, the book is thin, or the strategy can "
            "live with missing some of its entries. Leave the triggered kinds to intents that ask for them by name."
        ),
        related=("time_in_force", "slippage_tolerance_pct", "max_signal_age_seconds"),
        example=Example(
            "limit",
            "A scalping strategy earns 0.12 % per round trip before costs. Two market orders cost 2 x 0.05 % = 0.10 %, "
            "which leaves 0.02 %, or 0.20 USD on 1,000 USD. Two resting orders cost 2 x 0.02 % = 0.04 % and leave 0.08 "
            "%, or 0.80 USD. If a third of the entries never fill, 100 signals still earn 67 x 0.80 = 53.60 USD "
            "against 100 x 0.20 = 20 USD.",
        ),
        risk=Risk.NEUTRAL,
    ),
    Parameter(
        name="time_in_force",
        type=ParameterType.STRING,
        group=Group.ORDER_EXECUTION,
        unit=Unit.ENUM,
        default="GTC",
        allowed_values=("GTC", "IOC", "FOK", "GTX"),
        description=(
            "How long an order that names a price may wait. `GTC` rests until it is filled or cancelled, `IOC` takes "
            "what is there at once and drops the remainder, `FOK` takes all of it at once or nothing, `GTX` may only "
            "rest and is rejected if it would trade immediately. The words are upper case. Market orders have no use "
            "for it. It is advice: an intent's own `time_in_force` comes first, no gate reads this one, and the order "
            "engine may not act on it."
        ),
        impact=(
            "GTC leaves orders standing after the reason for them has gone: a limit placed on a five-minute signal may "
            "fill hours later against a market that moved, and no gate looks at an order again once it was approved. "
            "IOC can leave a part of the intended size, so protective orders sized for the whole may not match. FOK "
            "avoids that by trading less often. GTX always pays the lower resting fee, about 0.02 % in place of 0.05 "
            "%, and misses fast moves."
        ),
        raise_when=(
            "Move towards the bolder `GTC` when an unattended order is acceptable: slow timeframes, levels worth "
            "waiting a day for, and somebody or something that cancels what is left over."
        ),
        lower_when=(
            "Move towards `IOC` or `FOK` when a late fill would be worse than none, which holds for most signals of an "
            "hour and less; `FOK` if a partial position is of no use. Take `GTX` only where the fee decides whether "
            "the strategy earns anything."
        ),
        related=("default_order_type", "max_signal_age_seconds", "slippage_tolerance_pct"),
        example=Example(
            "IOC",
            "A limit order for 0.02 BTC at 50,000 meets 0.015 BTC on offer at that price. IOC buys 0.015 x 50,000 = "
            "750 USD and drops the remaining 0.005 BTC, 250 USD. GTC would leave those 250 USD resting, to be filled "
            "only if the price comes back down; FOK would have bought nothing; GTX would have been rejected, because "
            "it would have traded at once.",
        ),
        risk=Risk.NEUTRAL,
    ),
    Parameter(
        name="position_mode",
        type=ParameterType.STRING,
        group=Group.ORDER_EXECUTION,
        unit=Unit.ENUM,
        default="hedge",
        allowed_values=("hedge", "one-way"),
        description=(
            "Whether a symbol can be long and short at the same time. In `hedge` mode the two sides are separate "
            "positions: `buy` opens or adds to the long, `sell` opens or adds to the short, and only `close` is meant "
            "to reduce. In `one-way` mode there is one net position and an opposite order shrinks it first. Mind the "
            "hyphen in `one-way`. The gate reads it for one decision: only under `one-way`, and only with known and "
            "fresh positions, does an order that opposes the open position without exceeding it count as risk-reducing "
            "and so pass the limits that spare exits. The engine takes its own mode from its environment, and the "
            "exchange account has one too; all three must agree."
        ),
        impact=(
            "Set to `one-way` while the account is in hedge mode, it lets a `sell` that really opens a new short slip "
            "past size, exposure and loss limits as if it were an exit. Set to `hedge` while the account nets, it "
            "makes the gate treat exits by opposite order as new risk and veto them once a limit is reached. In hedge "
            "mode gross exposure can be twice what the net suggests: a 1,000 USD long beside a 1,000 USD short is "
            "2,000 USD of exposure and of fees."
        ),
        raise_when=(
            "Choose `one-way`, the bolder one for the gate because it opens the exemption for opposing orders, only "
            "after the account on the exchange and the engine have both been switched to netting and every position "
            "was flat while that was done."
        ),
        lower_when=(
            "Choose `hedge`, the safer one, whenever the account's mode is hedge or in doubt. The fleet's engine "
            "assumes it: none of its sells ever closes a long."
        ),
        related=("position_mode_aware_conflicts", "enable_longs", "enable_shorts", "max_portfolio_exposure_pct"),
        example=Example(
            "one-way",
            "The account nets and holds a long of 0.05 BTC. A sell of 0.03 BTC arrives while DAILY_LOSS is latched. "
            "Under `one-way` it opposes the long and 0.03 does not exceed 0.05, so it passes and leaves 0.05 - 0.03 = "
            "0.02 BTC. A sell of 0.06 BTC would leave a short of 0.01 BTC, so it is new risk and is vetoed. Under "
            "`hedge` both are treated as opening a short and both are vetoed.",
        ),
        risk=Risk.RAISES,
    ),
)
"""The parameters of this group, in the order they are shown."""
