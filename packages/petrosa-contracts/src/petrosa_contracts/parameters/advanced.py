"""Advanced: switches, the price band and retries."""

from petrosa_contracts.parameters.definition import Example, Group, Parameter, ParameterType, Risk, Unit

ADVANCED: tuple[Parameter, ...] = (
    Parameter(
        name="enabled",
        type=ParameterType.BOOLEAN,
        group=Group.ADVANCED,
        unit=Unit.BOOL,
        default=True,
        description=(
            "Whether trading is on for the scope: a strategy, a symbol, one side of a symbol, or everything. The gate "
            "vetoes with STRATEGY_DISABLED where it resolves to false. Closes and orders that only reduce pass, so a "
            "disabled scope can still get out of its positions. Mind that a narrower scope wins: false globally and "
            "true on one strategy leaves that strategy trading. To stop everything without exception set a halt, which "
            "is no parameter and cannot be overruled by a narrower scope. Bots and engines do not see this switch: "
            "bots go on sending and are told no."
        ),
        impact=(
            "False ends new risk in the scope with the next intent and leaves what is open as it is: positions of "
            "3,000 USD stay 3,000 USD until their stops, their targets or somebody's close end them. It costs the "
            "trades missed. Nothing has to be restarted, and the stream of verdicts shows what would have been traded, "
            "so a disabled strategy can be judged on paper before it is switched on again."
        ),
        raise_when=(
            "The reason for switching off has been found and removed, and the vetoed intents of the meantime look "
            "sane. Start with a small `max_position_size_usd` on the same scope and restore it after a day."
        ),
        lower_when=(
            "A strategy sends nonsense, loses beyond its plan, or its input is known to be broken; a symbol is being "
            "delisted or its price source is in doubt. Switch off first and look for the cause afterwards."
        ),
        related=(
            "enable_longs",
            "enable_shorts",
            "allowed_symbols",
            "max_position_size_usd",
            "min_confidence_threshold",
        ),
        example=Example(
            False,
            "Set on `strategy:momentum_v1` at 10:00, with two longs of 800 USD open. From then on its buys and sells "
            "are vetoed and its closes pass. By 16:00 one long was closed by its bot and the other hit its stop 2 % "
            "away, -16 USD. Of 30 vetoed intents of 800 USD each, 18 would have lost 2 % and 12 gained 3 %: 12 x 24 = "
            "288 USD won and 18 x 16 = 288 USD lost, so nothing was missed.",
        ),
        risk=Risk.RAISES,
    ),
    Parameter(
        name="enable_shorts",
        type=ParameterType.BOOLEAN,
        group=Group.ADVANCED,
        unit=Unit.BOOL,
        default=True,
        description=(
            "Whether new short exposure may be taken. The gate vetoes `sell` intents with SIDE_DISABLED where it "
            "resolves to false, because in the fleet's hedge mode every sell opens or adds to a short and none of them "
            "closes a long. `close` is not affected. A sell also passes where it provably reduces a long: under "
            "`position_mode` one-way, with fresh positions. Nothing downstream looks at the switch. It can be set for "
            "a symbol or strategy, and on `symbol_side:BTCUSDT:SHORT` it says the same as `enabled` there."
        ),
        impact=(
            "Without shorts the book can only be long or flat: it earns nothing in falling markets and loses its "
            "hedge. What is spared is the asymmetry of shorting: a long of 1,000 USD can lose 1,000 USD, while a short "
            "of 1,000 USD loses 1,000 USD when the price doubles, 2,000 when it triples, and has no bound. Funding "
            "comes on top, typically 0.01 % every eight hours, paid by shorts whenever the rate is negative: on 1,000 "
            "USD at -0.1 % that is 1 USD per interval and 3 USD a day."
        ),
        raise_when=(
            "Shorting on this symbol has been shown to work after funding and fees, the market can fall for longer "
            "than a day, or shorts are the hedge of the long book."
        ),
        lower_when=(
            "A symbol is prone to squeezes (small float, heavy short interest, strongly negative funding), the market "
            "trends upwards, or a strategy's shorts lose what its longs earn."
        ),
        related=("enable_longs", "enabled", "position_mode", "stop_loss_pct"),
        example=Example(
            False,
            "A small coin has risen 40 % on the day, and three strategies want to short it for 500 USD each. With "
            "false all three sells are vetoed. Had they been placed and the coin risen by another 60 %, the loss "
            "without a working stop would have been 3 x 500 x 0.6 = 900 USD; with stops 5 % away that gapped to 8 %, 3 "
            "x 500 x 0.08 = 120 USD.",
        ),
        risk=Risk.RAISES,
    ),
    Parameter(
        name="enable_longs",
        type=ParameterType.BOOLEAN,
        group=Group.ADVANCED,
        unit=Unit.BOOL,
        default=True,
        description=(
            "Whether new long exposure may be taken. The gate vetoes `buy` intents with SIDE_DISABLED where it "
            "resolves to false. In the fleet's hedge mode a buy always opens or adds to a long and never covers a "
            "short, so nothing that reduces risk is lost; `close` is not affected, and under `position_mode` one-way a "
            "buy that provably reduces a short still passes. Nothing downstream looks at the switch. With shorts "
            "disabled as well, the scope can only reduce, much as if `enabled` were false."
        ),
        impact=(
            "Most strategies of a crypto fleet are long most of the time, so switching longs off globally stops the "
            "larger part of the trading, and what remains is a short book with its own danger when the market turns. "
            "Used on one symbol it keeps the fleet from buying a falling knife: four strategies that each buy a dip "
            "with 1,000 USD on the way down from 100 to 80, at 95, 90, 85 and 80, are down 1,000 x (15.8 + 11.1 + 5.9 "
            "+ 0) % = 328 USD at the bottom."
        ),
        raise_when=(
            "The fall that led to switching off has ended by a measure fixed beforehand, such as the daily trend or a "
            "regime reading, and order books have filled again."
        ),
        lower_when=(
            "The market or a symbol is in free fall, bad news on an asset is being priced in, or exposure on the long "
            "side is already as large as it should get while shorts may go on hedging it."
        ),
        related=("enable_shorts", "enabled", "position_mode", "max_portfolio_exposure_pct"),
        example=Example(
            False,
            "Set on `symbol:XYZUSDT` when its issuer halts withdrawals. A long of 600 USD is open. The bots' four buys "
            "of 300 USD during the next hour are vetoed, so 1,200 USD of further exposure are not taken; the close "
            "that arrives after 20 minutes passes. The symbol loses 70 % by evening: 4 x 300 x 0.7 = 840 USD not lost.",
        ),
        risk=Risk.RAISES,
    ),
    Parameter(
        name="slippage_tolerance_pct",
        type=ParameterType.FLOAT,
        group=Group.ADVANCED,
        unit=Unit.PERCENT,
        default=0.1,
        minimum=0.0,
        maximum=10.0,
        description=(
            "How far the price in an intent may lie from the live price, in percent of the live price: 0.1 is a tenth "
            "of a percent, one part in a thousand. It is percent, unlike `position_size_pct`; someone who thinks in "
            "fractions and types 0.001 gets a band a hundred times too narrow and no error message. Where the gate is "
            "given market prices it uses the value as the price band of PRICE_PHANTOM, in both directions; the band in "
            "the gate's own settings holds besides, so a larger value than that changes nothing. Risk-reducing intents "
            "outside it are recorded and pass. It does not limit the fill itself: engines place market orders without "
            "a protective price and do not read this value."
        ),
        impact=(
            "A narrow band keeps out intents computed on old or wrong data: a bot that believes in 50,000 while the "
            "market is at 49,000 sizes and places its stop for a market that does not exist. On 1,000 USD, entering 2 "
            "% away from the plan is 20 USD before the trade begins. Too narrow a band vetoes good intents for "
            "ordinary movement: within five seconds a coin with a daily move of 4 % strays by about 0.03 %, within a "
            "minute by 0.11 %, so 0.1 suits intents that arrive within seconds and little else. At 0 only an exact "
            "match passes, which amounts to a stop."
        ),
        raise_when=(
            "PRICE_PHANTOM vetoes intents whose data was right and merely some minutes old, or the symbol's spread "
            "alone is wider than the band. Slow strategies are fine with 0.5 to 1.0."
        ),
        lower_when=(
            "Strategies live on small edges, so that entering 0.1 % away from the plan makes them a loss, or a price "
            "feed has been delivering wrong ticks."
        ),
        related=("max_signal_age_seconds", "default_order_type", "stop_loss_pct", "allowed_symbols"),
        example=Example(
            0.5,
            "BTCUSDT trades at 50,000, so the band is 50,000 x 0.5 / 100 = 250 USD either way, 49,750 to 50,250. An "
            "intent quoting 50,100 is 0.2 % away and passes; one quoting 50,400 is 0.8 % away and is vetoed. At the "
            "default of 0.1 the band is 50 USD and both are vetoed. A close quoting 50,400 passes and is noted.",
        ),
        risk=Risk.RAISES,
    ),
    Parameter(
        name="max_retries",
        type=ParameterType.INTEGER,
        group=Group.ADVANCED,
        unit=Unit.COUNT,
        default=3,
        minimum=0,
        maximum=10,
        description=(
            "How often the order engine is to try again after the exchange failed to answer or answered with an error, "
            "as a count on top of the first attempt: 3 means up to four attempts, 0 means one. It is advice; engines "
            "have retry rules of their own and may not act on it. The gate is not concerned: it publishes an approved "
            "signal once, and the same intent sent again by a bot is refused as a duplicate rather than retried."
        ),
        impact=(
            "A retry helps against a lost connection and harms when the first attempt had in fact worked and only its "
            "answer was lost: without an idempotent order id, the second attempt buys again. Then 1,000 USD become "
            "2,000 USD, and with 3 retries in the worst case 4,000 USD, which no gate can see because the gate "
            "approved one order. Retries also take time: at 1, 2 and 4 seconds of waiting the last attempt trades at a "
            "price seven seconds old. For protective orders the balance is the other way round: there a missing order "
            "is the greater danger."
        ),
        raise_when=(
            "The exchange or the network drops requests often, the engine uses client order ids so that a repeated "
            "order cannot fill twice, and entries are slow enough to bear the delay."
        ),
        lower_when=(
            "Doubled positions have been seen, errors come from rejected orders (which no repetition repairs), or the "
            "exchange limits the request rate and retries add to the load. 0 or 1 is right for fast strategies."
        ),
        related=("max_signal_age_seconds", "max_concurrent_positions", "slippage_tolerance_pct"),
        example=Example(
            1,
            "Suppose 2 % of requests fail on their way and attempts fail independently. One attempt gets through in 98 "
            "% of cases, two in 1 - 0.02 x 0.02 = 99.96 %, four in practically all. If half of the failures are lost "
            "answers to orders that were accepted, a retry without an idempotent id doubles 1 % of the orders: of 100 "
            "orders of 500 USD one is filled twice, 500 USD too much.",
        ),
        risk=Risk.RAISES,
    ),
)
"""The parameters of this group, in the order they are shown."""
