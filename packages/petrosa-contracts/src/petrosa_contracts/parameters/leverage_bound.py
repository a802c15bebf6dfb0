"""Leverage bounds: the ceiling for one position, for the book, and when repeated breaches become an alert."""

from petrosa_contracts.parameters.definition import Example, Group, Parameter, ParameterType, Risk, Unit

LEVERAGE_BOUND: tuple[Parameter, ...] = (
    Parameter(
        name="max_leverage_bound",
        type=ParameterType.INTEGER,
        group=Group.LEVERAGE_BOUND,
        unit=Unit.MULTIPLE,
        default=125,
        minimum=1,
        maximum=125,
        description=(
            "The highest leverage any single order may have, as a whole multiple. The gate vetoes with LEVERAGE_MAX "
            "when the resolved `leverage`, or the leverage an intent recommends, lies above it; equal passes and "
            "closes are exempt. The default of 125 is the highest the exchange offers and so bounds nothing: a fund "
            "that has an opinion sets it. Newer engines guard with a number built into them (125 as well) and do not "
            "follow this policy. In SAFE and CONSERVATIVE modes the fail-safe limit, 10x at present, holds beside it."
        ),
        impact=(
            "It keeps a typing error or a bot's recommendation from putting a position within a breath of liquidation. "
            "At 125x an adverse move of 0.8 % ends a position, at 20x about 5 %, at 5x about 20 %. If it is set below "
            "`leverage`, every entry of the scope is vetoed, since the resolved value itself is in breach: 8 against a "
            "leverage of 10 is a stop, not a cap that trims. Trimming never happens; the gate does not rewrite orders."
        ),
        raise_when=(
            "A strategy with a recorded need for it recommends more than the bound and is vetoed for that alone, its "
            "stops lie well inside the liquidation distance, and its size limits are small. Raise it on that "
            "strategy's scope."
        ),
        lower_when=(
            "Do so early: 20 is generous for most funds, and 10 matches the default leverage. Lower it further on "
            "volatile or thin symbols, together with `leverage` so that the two agree."
        ),
        related=("leverage", "portfolio_leverage_cap", "leverage_breach_alert_threshold", "margin_type"),
        example=Example(
            15,
            "`leverage` resolves to 10. An intent without a recommendation passes, 10 against 15. One recommending 15 "
            "passes, equal to the bound. One recommending 25 is vetoed: its 1,000 USD would have stood on 1,000 / 25 = "
            "40 USD of margin and been liquidated after about 4 %, where 15x leaves 66.67 USD and about 6.7 %.",
        ),
        risk=Risk.RAISES,
    ),
    Parameter(
        name="portfolio_leverage_cap",
        type=ParameterType.INTEGER,
        group=Group.LEVERAGE_BOUND,
        unit=Unit.MULTIPLE,
        default=0,
        minimum=0,
        maximum=10000,
        description=(
            "The highest total leverage of the book: the leverage settings of all open positions and of approved "
            "orders on their way, added up. It is a whole multiple. 0, the default, means that there is no cap, so 0 "
            "is the loosest value and 1 the strictest. Where the gate is given fresh portfolio state it vetoes with "
            "LEVERAGE_TOTAL an entry that would take the sum beyond the cap. Unlike `max_portfolio_exposure_pct` it "
            "does not weigh positions by size: it counts how much borrowing is spread over the book. Newer engines "
            "have a number of their own (0, no cap) and do not follow this policy."
        ),
        impact=(
            "The sum tells apart books that look alike by exposure: eight positions of 1,000 USD at 5x sum to 40 and "
            "lock 1,600 USD; the same eight at 50x sum to 400, lock 160 USD, and are all within 2 % of liquidation. A "
            "cap of 100 admits ten positions at the default leverage of 10, or four at 25. Going from 0 to a number "
            "far below the present sum vetoes every entry until enough positions have been closed; it closes none "
            "itself."
        ),
        raise_when=(
            "LEVERAGE_TOTAL vetoes entries while exposure and the number of positions are well inside their limits, "
            "and the average leverage per position is modest."
        ),
        lower_when=(
            "Set it to any number as soon as more than one strategy may choose its leverage; a useful start is "
            "`max_concurrent_positions` times `leverage`. Take it down from there before volatile weeks. Never go back "
            "to 0 to get rid of vetoes."
        ),
        related=("max_leverage_bound", "leverage", "max_concurrent_positions", "max_portfolio_exposure_pct"),
        example=Example(
            60,
            "Open are four positions at 10x and one at 15x: 4 x 10 + 15 = 55. A sixth at 5x makes 60, equal to the "
            "cap, and passes; at 10x it would make 65 and is vetoed. After closing the one at 15x the sum is 40 and "
            "two more at 10x fit. The sizes of the positions play no part: 200 USD and 2,000 USD at 10x both add 10.",
        ),
        risk=Risk.RAISES,
    ),
    Parameter(
        name="leverage_breach_alert_threshold",
        type=ParameterType.INTEGER,
        group=Group.LEVERAGE_BOUND,
        unit=Unit.COUNT,
        default=3,
        minimum=1,
        maximum=100,
        description=(
            "After how many breaches of a leverage limit a person is alerted, as a count: at 1 the first one alerts, "
            "at 3 the third. It changes no decision: every single breach is vetoed by the gate and recorded, alert or "
            "not. It is advice to whoever counts breaches; newer engines count against a number built into them (3) "
            "and may not act on this one."
        ),
        impact=(
            "It sets the balance between being woken for nothing and learning late. A bot that recommends 50x against "
            "a bound of 20 on every signal, once a minute, alerts after one minute at 1, after three at 3, after more "
            "than an hour and a half at 100. No money is lost in between, because all of those orders are vetoed, but "
            "a bot whose every entry is vetoed earns nothing, and where an engine is reached by another path, the "
            "breaches are the first sign of it."
        ),
        raise_when=(
            "Alerts come for single odd recommendations that sort themselves out, and people have begun to ignore "
            "them. Between 5 and 10 still reports a real fault within minutes."
        ),
        lower_when=(
            "Leverage should never be in question, as in a fund with a fixed setting: there each breach is a fault and "
            "1 is right. Lower it also while a new bot is being introduced."
        ),
        related=("max_leverage_bound", "portfolio_leverage_cap", "leverage"),
        example=Example(
            1,
            "The bound is 10 and a new bot recommends 12 on its first signal at 09:00, then every 20 minutes. At a "
            "threshold of 1 somebody knows at 09:00; at the default of 3 at 09:40, two vetoed entries later. If those "
            "would have earned 0.5 % on 1,000 USD each, the difference is 10 USD, which is cheap for a setting that is "
            "seldom wrong.",
        ),
        risk=Risk.RAISES,
    ),
)
"""The parameters of this group, in the order they are shown."""
