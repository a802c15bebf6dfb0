"""Risk management: stops, daily limits and limits on the portfolio as a whole."""

from petrosa_contracts.parameters.definition import Example, Group, Parameter, ParameterType, Risk, Unit

RISK_MANAGEMENT: tuple[Parameter, ...] = (
    Parameter(
        name="stop_loss_pct",
        type=ParameterType.FLOAT,
        group=Group.RISK_MANAGEMENT,
        unit=Unit.PERCENT,
        default=2.0,
        minimum=0.1,
        maximum=50.0,
        description=(
            "How far from the entry price the stop is meant to lie when an intent brings none, in percent: 2.0 is 2 %. "
            "Unit trap: a signal's field of the same name is a fraction, 0.02 for the same stop. Divide by 100 when "
            "copying from here to a signal: 0.5 copied unchanged is accepted downstream as 50 %. It is advice: the "
            "gate checks the stops an intent carries for side and unit (STOP_INVALID) but does not add any, and "
            "today's engines do not read this value. An intent without a stop may therefore be traded without one. "
            "Some engines also turn a percentage-only stop into no exchange order at all, and others move every stop "
            "nearer than 6 % out to 6 %."
        ),
        impact=(
            "Distance times notional is what a stopped trade loses: on 1,000 USD, 1 % costs 10 USD, 2 % 20 USD, 6 % 60 "
            "USD, plus slippage and fees. A tight stop loses little each time but is hit by noise; a wide one is hit "
            "rarely and costs dearly. With a win rate of 40 %, a 2 % stop and a 5 % target earn on average 0.4 x 5 - "
            "0.6 x 2 = 0.8 % per trade; widening the stop to 4 % at the same win rate leaves 0.4 x 5 - 0.6 x 4 = -0.4 "
            "%."
        ),
        raise_when=(
            "The symbol's ordinary swing within the holding time exceeds the distance, so that trades are stopped and "
            "then go the right way, and the position size is cut in proportion: doubling the distance while halving "
            "the size keeps the loss per trade."
        ),
        lower_when=(
            "Single losses are too large for the account, the holding time is short, or leverage is high enough for "
            "liquidation to come first: at 20x anything wider than about 4.5 % is never reached."
        ),
        related=("take_profit_pct", "leverage", "position_size_pct", "max_daily_loss_pct"),
        example=Example(
            1.5,
            "A long of 0.02 BTC at 50,000 is worth 1,000 USD. The stop belongs at 50,000 x (1 - 1.5 / 100) = 49,250 "
            "and loses 0.02 x 750 = 15 USD. In a signal the same distance is written 0.015. On an engine with a floor "
            "of 6 % the stop ends at 47,000 and loses 60 USD, four times as much: size for that if such an engine is "
            "in use.",
        ),
        risk=Risk.RAISES,
    ),
    Parameter(
        name="take_profit_pct",
        type=ParameterType.FLOAT,
        group=Group.RISK_MANAGEMENT,
        unit=Unit.PERCENT,
        default=5.0,
        minimum=0.1,
        maximum=100.0,
        description=(
            "How far from the entry price the target is meant to lie when an intent brings none, in percent: 5.0 is 5 "
            "%. The same unit trap as with stops: a signal's `take_profit_pct` is a fraction, 0.05 for the same "
            "target, and 1.0 copied across unchanged means a target at 100 %. It is advice: the gate judges the target "
            "an intent carries (side, sign, unit) and adds none, and today's engines do not read this value. Some of "
            "them pull targets farther than 20 % from the market in to 20 %."
        ),
        impact=(
            "The target decides how often a trade wins and how much. Far targets pay more and are reached less often; "
            "in between the position ties up a slot and its margin. What matters is the ratio to the stop: with a "
            "target of 5 % and a stop of 2 %, a strategy breaks even before costs at a win rate of 2 / (2 + 5) = 29 %; "
            "with 3 % and 2 % it needs 40 %; with 2 % and 2 % every second trade must win. Costs of 0.1 % per round "
            "trip weigh 2 % of a 5 % target but 20 % of one at 0.5 %."
        ),
        raise_when=(
            "Winners keep running after the target was hit, the timeframe is long, or the market trends. Check that "
            "the trade slots suffice, because positions stay open longer."
        ),
        lower_when=(
            "Trades come close to the target and turn back, the market moves sideways, or slots run out. Do not go "
            "below about ten times the cost of a round trip, 1 % at the usual fees."
        ),
        related=("stop_loss_pct", "max_concurrent_positions", "default_order_type"),
        example=Example(
            4.0,
            "A short of 0.4 ETH at 2,500 is worth 1,000 USD. For a short the target lies below: 2,500 x (1 - 4 / 100) "
            "= 2,400, a gain of 0.4 x 100 = 40 USD. With a stop 2 % above, at 2,550, the loss would be 0.4 x 50 = 20 "
            "USD, so every win pays for two losses and one win in three breaks even. In a signal this target is 0.04.",
        ),
        risk=Risk.NEUTRAL,
    ),
    Parameter(
        name="max_daily_loss_pct",
        type=ParameterType.FLOAT,
        group=Group.RISK_MANAGEMENT,
        unit=Unit.FRACTION,
        default=0.05,
        minimum=0.001,
        maximum=0.5,
        description=(
            "The largest loss of one UTC day, as a fraction of the account's equity at the start of that day: 0.05 is "
            "5 %. It is a fraction in spite of its name; 5 is refused. The gate enforces it where it is given fresh "
            "portfolio state: once three readings agree that the loss, realised and open together, is beyond the "
            "limit, DAILY_LOSS vetoes everything that adds risk. The veto is latched: a recovery during the day does "
            "not lift it, only the next UTC day or an operator does. Closing and reducing stay possible throughout. "
            "Engines keep a limit of their own in their environment, 0.05 at present."
        ),
        impact=(
            "It decides how bad a bad day can get before the fund stops digging. At 10,000 USD of equity, 0.05 stops "
            "new risk after 500 USD and 0.02 after 200 USD. It is not a guarantee: open positions go on losing until "
            "their stops, so the day can end below the limit by up to what is still at risk. The compounding matters: "
            "ten days at -5 % leave 0.95 to the power of 10 = 60 % of the account, ten at -2 % leave 82 %."
        ),
        raise_when=(
            "The limit is reached on ordinary days, where the strategy's own statistics say that such a loss comes "
            "about once in ten days, and the owner of the money has agreed to the new amount in USD. Never in the "
            "middle of a losing day."
        ),
        lower_when=(
            "Equity has fallen, a strategy is new, liquidity is thin (weekends, holidays), or several strategies share "
            "a view so that their losses will arrive together."
        ),
        related=("max_portfolio_exposure_pct", "stop_loss_pct", "position_size_pct", "max_daily_trades"),
        example=Example(
            0.03,
            "The day opens at 12,000 USD of equity, so the limit is 0.03 x 12,000 = 360 USD. By noon 250 USD are "
            "realised and open positions stand at -130 USD, together -380 USD; three readings agree, and the veto is "
            "latched. By the afternoon the open loss is only 40 USD, together -290 USD, yet entries stay vetoed until "
            "midnight UTC. Closes go through all day.",
        ),
        risk=Risk.RAISES,
    ),
    Parameter(
        name="max_portfolio_exposure_pct",
        type=ParameterType.FLOAT,
        group=Group.RISK_MANAGEMENT,
        unit=Unit.FRACTION,
        default=0.8,
        minimum=0.1,
        maximum=1.0,
        description=(
            "The largest sum of all open positions, as a fraction of the account's equity: 0.8 is 80 %. Positions "
            "count with their notional, long and short added up rather than netted, and leverage is not multiplied in. "
            "It is a fraction in spite of its name; 80 is refused. Where the gate is given fresh portfolio state it "
            "adds this order and every approved order that is still on its way, and vetoes with EXPOSURE_MAX what "
            "would end beyond the limit. Engines keep a limit of their own in their environment, 0.8 at present, so "
            "more than that is stopped there."
        ),
        impact=(
            "This bounds what one market-wide move can do: at 0.8 and 10,000 USD of equity, 8,000 USD are in the "
            "market, and a day on which everything held moves 10 % the wrong way costs 800 USD, 8 % of the account, if "
            "no stop holds. At 0.4 it costs 400 USD. It also sets how many full-size positions fit: with orders of 10 "
            "% of equity, 0.8 has room for eight, whatever `max_concurrent_positions` says. Counting both sides makes "
            "a hedged pair use up twice its size."
        ),
        raise_when=(
            "Good signals are vetoed with EXPOSURE_MAX while the day's losses are small and the positions held do not "
            "move together, or many of them hedge one another."
        ),
        lower_when=(
            "Crypto falls as one: in a sell-off every long loses at once. Lower it ahead of known events and when "
            "correlation or volatility is high. Existing positions are not closed by a lower limit; new ones wait "
            "until old ones have gone."
        ),
        related=("position_size_pct", "max_concurrent_positions", "portfolio_leverage_cap", "max_daily_loss_pct"),
        example=Example(
            0.5,
            "Equity is 10,000 USD, so 5,000 USD may be open. A long of 2,000 USD, a short of 1,500 USD and an approved "
            "order of 600 USD on its way make 4,100 USD. An order of 900 USD ends at 5,000 USD, equal to the limit, "
            "and passes; one of 1,000 USD would end at 5,100 USD, a share of 0.51, and is vetoed.",
        ),
        risk=Risk.RAISES,
    ),
    Parameter(
        name="max_daily_trades",
        type=ParameterType.INTEGER,
        group=Group.RISK_MANAGEMENT,
        unit=Unit.COUNT,
        default=100,
        minimum=1,
        maximum=10000,
        description=(
            "How many intents that add risk may be approved in one UTC day, as a count, in the scope that sets it: set "
            "on `strategy:momentum_v1` it counts that strategy's, set globally everybody's. The gate enforces it "
            "(DAILY_TRADES) with a counter that all its replicas share. Vetoed intents do not count, and closes are "
            "exempt from the limit. Nothing downstream counts trades, so this is the only brake on a bot that repeats "
            "itself with ever new intents."
        ),
        impact=(
            "It caps cost and the damage of a loop. At 0.1 % per round trip, 100 trades of 1,000 USD cost 100 USD in "
            "fees, 1 % of a 10,000 USD account in a day, before any of them has lost anything. A bot gone wild that "
            "sends one order a second is through 100 in under two minutes, having bought at most 100 x "
            "`max_position_size_usd`. A limit just above a normal day turns that into an incident instead of a "
            "disaster; one that is reached every afternoon turns the rest of the day off."
        ),
        raise_when=(
            "The normal daily count of a strategy, counted over some weeks, exceeds about half of the limit, and the "
            "extra trades earn more than they cost."
        ),
        lower_when=(
            "A strategy overtrades (fees eat its result), a bot has shown loops or duplicates, or the scope holds just "
            "one slow strategy: a daily-candle strategy needs no more than a handful."
        ),
        related=("max_concurrent_positions", "max_position_size_usd", "max_daily_loss_pct", "max_signal_age_seconds"),
        example=Example(
            20,
            "A strategy on five symbols trades about twice a day on each, 10 in all; 20 leaves double that. At 800 USD "
            "per order the day is capped at 20 x 800 = 16,000 USD of turnover and about 16 USD in fees. The 21st entry "
            "of the day is vetoed, and so is every further one until 00:00 UTC; the exits of the first 20 still pass.",
        ),
        risk=Risk.RAISES,
    ),
    Parameter(
        name="max_concurrent_positions",
        type=ParameterType.INTEGER,
        group=Group.RISK_MANAGEMENT,
        unit=Unit.COUNT,
        default=10,
        minimum=1,
        maximum=100,
        description=(
            "How many positions may be open at the same time, as a count. In hedge mode a symbol's long and short are "
            "two. Where the gate is given fresh portfolio state it counts open positions and approved entries on their "
            "way, and vetoes with POSITIONS_MAX an order that would open one too many. Adding to a position that is "
            "already open does not open another and is left to the size and exposure limits. The exchange holds one "
            "netted position per symbol and side, however many entries made it up, and that is what is counted. "
            "Engines do not read this value."
        ),
        impact=(
            "More slots spread the money over more bets but also over more that fall together: ten crypto longs are "
            "closer to one bet of ten times the size than to ten. Each slot costs attention and one more stop that has "
            "to hold. With 1,000 USD per position, 10 slots are 10,000 USD, more than an exposure limit of 0.8 allows "
            "on a 10,000 USD account, so that one of the two limits is always the binding one: at 8 slots they meet."
        ),
        raise_when=(
            "Positions are small, the strategies differ in kind (trend beside mean reversion, long beside short), and "
            "POSITIONS_MAX vetoes entries while exposure is far from its limit."
        ),
        lower_when=(
            "Positions turn out to move together, few strategies run, or the operators want to be able to close "
            "everything by hand: five can be looked at, fifty cannot."
        ),
        related=("max_portfolio_exposure_pct", "position_size_pct", "max_daily_trades", "position_mode"),
        example=Example(
            6,
            "Open are longs in BTC, ETH and SOL, and BTC is short as well, in hedge mode: 4 positions. One approved "
            "entry is on its way: 5. A new symbol makes 6, equal to the limit, and passes; the next new one is vetoed. "
            "Adding 300 USD to the ETH long passes as far as this limit goes, since it opens nothing. Six times 1,000 "
            "USD is 6,000 USD, 0.6 of an equity of 10,000 USD.",
        ),
        risk=Risk.RAISES,
    ),
    Parameter(
        name="risk_management_enabled",
        type=ParameterType.BOOLEAN,
        group=Group.RISK_MANAGEMENT,
        unit=Unit.BOOL,
        default=True,
        description=(
            "Whether the order engine is to apply its own risk checks (position limits, daily loss, exposure) before "
            "it places an order. It is advice: engines take this from their environment, not from policy. It has no "
            "power over the gate: there is no switch anywhere that turns the gate's limits off, and false here changes "
            "no verdict. To let more through, change the limit concerned, where the change is seen, bounded and "
            "audited."
        ),
        impact=(
            "On an engine that honoured it, false would remove the second line of defence behind the gate: what is "
            "approved would be placed as it stands, even if the engine's equity or positions say otherwise. Nothing is "
            "gained in return, since an order refused by the engine is one that the gate's stale or narrower view let "
            "through. With an exposure of 8,000 USD in the engine's books and 6,000 USD in the gate's, true stops the "
            "order that false would place."
        ),
        raise_when=(
            "Turn it on always. If it is found off at any scope, turning it on is tightening and needs no approval."
        ),
        lower_when=(
            "Turn it off only for a test account without money in it, to see an engine's raw behaviour. For an engine "
            "that refuses wrongly, repair its inputs or move the limit instead."
        ),
        related=("max_daily_loss_pct", "max_portfolio_exposure_pct", "enabled"),
        example=Example(
            True,
            "The engine's own limits are 0.1 of equity per order and 0.8 in total. Equity is 10,000 USD with 7,500 USD "
            "open; an order of 700 USD passes the gate, whose portfolio reading is a few seconds old and says 7,000 "
            "USD: 7,000 + 700 = 7,700 USD, 0.77. The engine sees 7,500 + 700 = 8,200 USD, 0.82, and refuses. With the "
            "checks off it would be placed.",
        ),
        risk=Risk.LOWERS,
    ),
)
"""The parameters of this group, in the order they are shown."""
