"""Signal processing: which intents are worth listening to, and what to do when they disagree."""

from petrosa_contracts.parameters.definition import Example, Group, Parameter, ParameterType, Risk, Unit

SIGNAL_PROCESSING: tuple[Parameter, ...] = (
    Parameter(
        name="signal_conflict_resolution",
        type=ParameterType.STRING,
        group=Group.SIGNAL_PROCESSING,
        unit=Unit.ENUM,
        default="strongest_wins",
        allowed_values=("strongest_wins", "first_come_first_served", "weighted_average", "manual_review"),
        description=(
            "What to do with signals for one symbol that point in opposite directions at about the same time: take the "
            "one with the highest confidence (`strongest_wins`), the earliest (`first_come_first_served`), a "
            "confidence blended by the strategies' weights (`weighted_average`), or none until a person decides "
            "(`manual_review`). It is advice to the order engine, which may not act on it: engines keep a setting of "
            "their own. The gate judges each intent by itself and never picks between two."
        ),
        impact=(
            "Without any resolution a symbol ends up with a long and a short at once in hedge mode, paying fees and "
            "funding twice for a net of little or nothing: 1,000 USD on each side costs about 1 USD to open and 1 USD "
            "to close and earns nothing while both stand. Picking one keeps the trade but may follow the louder "
            "strategy rather than the better one. Manual review costs every trade that nobody looks at within its "
            "lifetime."
        ),
        raise_when=(
            "Move towards the bolder `strongest_wins` or `first_come_first_served` when speed matters and the "
            "strategies' confidences mean roughly the same thing, so that comparing them is fair."
        ),
        lower_when=(
            "Move towards `weighted_average` when the track records differ and weights are kept up to date, and to "
            "`manual_review` when contradictions are rare, large, and somebody is on duty to look at them."
        ),
        related=(
            "strategy_weights",
            "timeframe_conflict_resolution",
            "same_direction_conflict_resolution",
            "position_mode_aware_conflicts",
        ),
        example=Example(
            "weighted_average",
            "A momentum strategy says buy with confidence 0.70 and weight 1.0; a mean-reversion strategy says sell "
            "with 0.80 and weight 0.8. `strongest_wins` sells, 0.80 against 0.70. Weighted, the buy scores 0.70 x 1.0 "
            "= 0.70 and the sell 0.80 x 0.8 = 0.64, so the buy prevails, by a margin of only 0.06: reason enough to "
            "keep the order small.",
        ),
        risk=Risk.NEUTRAL,
    ),
    Parameter(
        name="timeframe_conflict_resolution",
        type=ParameterType.STRING,
        group=Group.SIGNAL_PROCESSING,
        unit=Unit.ENUM,
        default="higher_timeframe_wins",
        allowed_values=("higher_timeframe_wins", "lower_timeframe_wins", "weighted_average"),
        description=(
            "Which signal prevails when two timeframes of the same symbol disagree, such as a sell on 5-minute candles "
            "within a buy on the daily chart: the longer one, the shorter one, or a blend by `timeframe_weights`. It "
            "is advice to the order engine, which may not act on it, and the gate does not compare intents with one "
            "another. The timeframe is whatever text the bot wrote into its intent; one that the weights do not know "
            "cannot be ranked."
        ),
        impact=(
            "Long timeframes change their mind rarely: following them means fewer trades, wider stops and sitting "
            "through pullbacks of several percent. Short ones react in minutes and trade more often: fifty round trips "
            "of 1,000 USD a day cost about 50 USD in fees against 2 USD for two. A blend softens both, at the price "
            "that nobody can say beforehand which side a borderline case will fall on."
        ),
        raise_when=(
            "Move towards `lower_timeframe_wins`, the bolder choice, when the book consists of fast strategies with "
            "tight stops and the long charts serve only as background."
        ),
        lower_when=(
            "Stay with `higher_timeframe_wins` when fees weigh on the result or the market trends; choose "
            "`weighted_average` when both kinds of strategy have earned trust."
        ),
        related=("timeframe_weights", "signal_conflict_resolution", "max_signal_age_seconds"),
        example=Example(
            "higher_timeframe_wins",
            "A 1d strategy bought 1,000 USD at 50,000 with a stop at 48,000. A 5m strategy now says sell at 49,700. "
            "The longer timeframe wins: the long stays open, with 40 USD at risk down to its stop and 6 USD of that "
            "already on paper. Had the shorter one won, those 6 USD and about 1 USD of fees would be lost for certain, "
            "and a buy at 49,900 an hour later would cost another 0.50 USD to get back in.",
        ),
        risk=Risk.NEUTRAL,
    ),
    Parameter(
        name="max_signal_age_seconds",
        type=ParameterType.INTEGER,
        group=Group.SIGNAL_PROCESSING,
        unit=Unit.SECONDS,
        default=300,
        minimum=1,
        maximum=3600,
        description=(
            "How old an intent may be when the gate receives it, in whole seconds between its own timestamp and the "
            "moment of receipt. Older ones are vetoed with INTENT_STALE, and so is an intent whose timestamp is "
            "missing or unreadable, because some engines would silently take it as just made. Closes are exempt: an "
            "old wish to get out is still worth carrying out. Timestamps more than 2 seconds in the future are a "
            "separate veto. Newer engines also drop what is older than 300 seconds by a number of their own, so a "
            "larger value here is cut off there."
        ),
        impact=(
            "A signal describes a price that was. A coin with a typical daily move of 4 % strays by about 4 % x "
            "sqrt(300 / 86,400) = 0.24 % within 300 seconds, 2.40 USD per 1,000 USD and more than twice the fees of a "
            "round trip; within an hour it is 0.8 %. After an outage the age limit is what keeps a backlog of old "
            "orders from being sent all at once. Too small a value vetoes good intents for queueing and for clocks "
            "that are a second apart."
        ),
        raise_when=(
            "Only slow strategies use the scope (4h candles and up), where ten minutes do not change the case, or "
            "INTENT_STALE shows ages just above the limit because a producer batches its output."
        ),
        lower_when=(
            "The strategies are fast: tick and order-book signals are worthless after 10 to 30 seconds. Lower it too "
            "if entries fill visibly worse than the price in the intent."
        ),
        related=("slippage_tolerance_pct", "min_confidence_threshold", "time_in_force", "max_daily_trades"),
        example=Example(
            60,
            "An intent is stamped 12:00:00 and received at 12:00:45: age 45 seconds, approved. Another of the same "
            "second arrives at 12:01:05 after a reconnect: 65 against a limit of 60, vetoed. Over 60 seconds the coin "
            "above strays by about 4 % x sqrt(60 / 86,400) = 0.11 %, about what a round trip costs. A close stamped "
            "11:50 still passes.",
        ),
        risk=Risk.RAISES,
    ),
    Parameter(
        name="min_confidence_threshold",
        type=ParameterType.FLOAT,
        group=Group.SIGNAL_PROCESSING,
        unit=Unit.FRACTION,
        default=0.5,
        minimum=0.0,
        maximum=1.0,
        description=(
            "The least confidence an intent must state, as a fraction between 0 and 1: 0.5 is 50 %. The gate vetoes "
            "what lies below it with CONFIDENCE_LOW; equal passes, and closes are exempt. Engines apply a fixed 0.6 of "
            "their own, so between this value and 0.6 the gate approves what is then dropped downstream; set 0.6 or "
            "more to see in the verdict what will really happen. Confidence is the strategy's own claim: 0.8 from one "
            "bot and 0.8 from another need not mean the same, which is a reason to set it per strategy."
        ),
        impact=(
            "Raising it trades less and, if the strategy knows what it is talking about, better. Suppose a strategy's "
            "signals are spread evenly between 0.5 and 1.0 and win as often as they claim: a threshold of 0.5 takes "
            "100 of 100 at an average of 75 %, one of 0.7 takes 60 of 100 at 85 %. At 1.0 practically nothing passes, "
            "at 0.0 everything does. Bots with a constant confidence make it a switch: 0.82 on every signal passes at "
            "0.8 and never at 0.85."
        ),
        raise_when=(
            "Weak signals lose money after costs, the regime is unclear or volatile, or the day has more signals than "
            "slots and only the best should take them."
        ),
        lower_when=(
            "The record shows that low-confidence signals of a strategy earn their cost, or a threshold set in a storm "
            "has outlived it. Going below 0.6 has no effect on engines that keep their own."
        ),
        related=("strategy_weights", "max_signal_age_seconds", "signal_conflict_resolution", "enabled"),
        example=Example(
            0.65,
            "Three intents state 0.60, 0.65 and 0.72. The first is vetoed, 0.60 below 0.65; the second is equal and "
            "passes; the third passes. If a trade wins 2 % with probability p and loses 2 % otherwise, its expectation "
            "before costs is (2p - 1) x 2 %: 0.4 % at 0.60, 0.6 % at 0.65, 0.88 % at 0.72. Whoever types 65 is told to "
            "write 0.65.",
        ),
        risk=Risk.LOWERS,
    ),
    Parameter(
        name="position_mode_aware_conflicts",
        type=ParameterType.BOOLEAN,
        group=Group.SIGNAL_PROCESSING,
        unit=Unit.BOOL,
        default=True,
        description=(
            "Whether the position mode is considered before two signals are called a conflict. True: in hedge mode a "
            "buy and a sell of the same symbol are two independent positions and both may go ahead; in one-way mode "
            "they do conflict. False: opposite directions are a conflict in either mode. It is advice: engines take a "
            "decision like this from their own settings and may not act on it, and the gate never holds one intent "
            "against another."
        ),
        impact=(
            "True lets a trend strategy stay long while a scalper shorts the same symbol, each with its own stop and "
            "its own result. The price is gross exposure: 1,000 USD on either side is 2,000 USD towards "
            "`max_portfolio_exposure_pct` and about 2 USD for opening and closing both, while the net moves with the "
            "market by nothing. False gives up one of the two trades and keeps the books simpler."
        ),
        raise_when=(
            "Turn it on in hedge mode with strategies of different horizon that should be judged separately, and with "
            "exposure limits that leave room for both sides."
        ),
        lower_when=(
            "Turn it off when opposite pairs are open much of the time and mostly earn fees for the exchange, or when "
            "exposure is scarce."
        ),
        related=(
            "position_mode",
            "signal_conflict_resolution",
            "same_direction_conflict_resolution",
            "max_portfolio_exposure_pct",
        ),
        example=Example(
            False,
            "A daily strategy is long 1,000 USD of ETH when a 15m strategy wants to short 600 USD. With true, gross "
            "exposure becomes 1,600 USD and net exposure 400 USD; a fall of 2 % costs 20 USD on the one and earns 12 "
            "USD on the other. With false the two conflict and, by `signal_conflict_resolution`, only the stronger one "
            "is traded: at most 1,000 USD of exposure and one set of fees.",
        ),
        risk=Risk.RAISES,
    ),
    Parameter(
        name="same_direction_conflict_resolution",
        type=ParameterType.STRING,
        group=Group.SIGNAL_PROCESSING,
        unit=Unit.ENUM,
        default="accumulate",
        allowed_values=("accumulate", "strongest_wins", "reject_duplicates"),
        description=(
            "What to do with a further signal in the direction of a position that is already open: add to it "
            "(`accumulate`), let only the strongest of the competing signals trade (`strongest_wins`), or refuse all "
            "but the first (`reject_duplicates`). It is advice: engines take theirs from their environment, together "
            "with limits on how often (10 times at present) and how soon (300 seconds) a position may be added to. The "
            "gate refuses exact duplicates, meaning the same intent sent twice, whatever stands here; different "
            "intents that agree are not duplicates to it."
        ),
        impact=(
            "Accumulating turns agreement between strategies into size: five strategies that buy the same breakout for "
            "1,000 USD each make a position of 5,000 USD, each order within `max_position_size_usd`. If they agree "
            "because they look at the same candles, that is one opinion with five times the money behind it, and a 2 % "
            "stop costs 100 USD where 20 USD was planned. Rejecting duplicates keeps the plan and forgoes the larger "
            "wins."
        ),
        raise_when=(
            "Move towards the bolder `accumulate` when the strategies are independent of one another, single orders "
            "are small against the limits, and exposure is bounded by the gate."
        ),
        lower_when=(
            "Move to `strongest_wins` when strategies overlap, and to `reject_duplicates` when position sizes must be "
            "exactly what one strategy planned, or when positions have been found that nobody decided on."
        ),
        related=(
            "signal_conflict_resolution",
            "position_mode_aware_conflicts",
            "max_portfolio_exposure_pct",
            "max_position_size_usd",
        ),
        example=Example(
            "reject_duplicates",
            "Three bots buy SOL within a minute: 400, 500 and 300 USD. Accumulating gives 400 + 500 + 300 = 1,200 USD. "
            "`strongest_wins` takes the one with the highest confidence, say the 500 USD one. Rejecting keeps the "
            "first, 400 USD, and a stop 3 % away then risks 12 USD in place of 36 USD.",
        ),
        risk=Risk.LOWERS,
    ),
    Parameter(
        name="allowed_symbols",
        type=ParameterType.LIST,
        group=Group.SIGNAL_PROCESSING,
        unit=Unit.SYMBOL_LIST,
        default=[],
        description=(
            "The symbols that may be traded, spelled as the exchange spells them: upper case, no blank, no slash, such "
            "as BTCUSDT. An empty list, the default, means no restriction at all; it does not mean that nothing may be "
            "traded. With at least one entry, the gate vetoes every other symbol with SYMBOL_NOT_ALLOWED, while closes "
            "stay possible. Newer engines read a list of the same name for the whole fleet, but from their own store. "
            "A list replaces the one from a wider scope whole: BTCUSDT globally and ETHUSDT on a strategy means that "
            "this strategy trades ETHUSDT alone."
        ),
        impact=(
            "A short list keeps the fund to markets it understands. On the large symbols a 1,000 USD order moves the "
            "price by less than 0.01 %, 0.10 USD; on the smallest ones 1 % is nothing unusual, 10 USD each way. The "
            "list also stops a bot that is let loose on hundreds of symbols by a wrong setting. The dangerous step is "
            "the last one: removing the final entry opens every symbol. To stop trading altogether use `enabled` or a "
            "halt."
        ),
        raise_when=(
            "Add a symbol after looking at its spread, depth and the exchange's minimum order, and with symbol-scope "
            "limits for it in place if it is less liquid than the rest."
        ),
        lower_when=(
            "Remove a symbol that is being delisted, misbehaves, or costs more in slippage than its strategies earn. "
            "Turning an empty list into one with the symbols in use is the quickest tightening there is."
        ),
        related=("enabled", "max_position_size_usd", "slippage_tolerance_pct", "max_concurrent_positions"),
        example=Example(
            ["BTCUSDT", "ETHUSDT"],
            "Of 40 intents in an hour 25 are for BTCUSDT, 10 for ETHUSDT and 5 for other symbols: those 5 are vetoed, "
            "and with 300 USD each 1,500 USD of exposure in thin markets is not taken. At a round-trip slippage of 1 % "
            "that alone saves 15 USD. Entries such as `btcusdt` or `BTC/USDT` are refused, with the cleaned list "
            "suggested.",
        ),
        risk=Risk.RAISES,
    ),
)
"""The parameters of this group, in the order they are shown."""
