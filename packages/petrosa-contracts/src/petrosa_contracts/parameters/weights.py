"""Weights: how much a strategy's or a timeframe's opinion counts against the others'."""

from petrosa_contracts.parameters.definition import Example, Group, Parameter, ParameterType, Risk, Unit

WEIGHTS: tuple[Parameter, ...] = (
    Parameter(
        name="strategy_weights",
        type=ParameterType.DICT,
        group=Group.STRATEGY_WEIGHTS,
        unit=Unit.WEIGHT_MAP,
        default={
            "momentum_strategy": 1.0,
            "mean_reversion_strategy": 0.8,
            "ml_strategy": 1.2,
            "llm_strategy": 1.5,
            "default": 1.0,
        },
        description=(
            "A map from strategy id to a relative weight of 0 or more; the entry `default` stands for strategies that "
            "are not named. The numbers have no unit: only their ratio counts, so doubling all of them changes "
            "nothing. They are meant for weighing signals against each other where conflicts are settled by weighted "
            "average. It is advice to the order engine, which may not act on it; the gate does not use weights and "
            "judges every intent alone. The map is replaced whole by a narrower scope: a map with one entry on a "
            "symbol drops all the others there, `default` included."
        ),
        impact=(
            "A weight shifts who prevails in a disagreement, not how large a trade is. At 1.2 against 0.8 the first "
            "strategy prevails with any confidence above two thirds of the second's: 0.60 x 1.2 = 0.72 beats 0.85 x "
            "0.8 = 0.68. A weight of 0 silences a strategy in conflicts while it goes on trading unopposed; what stops "
            "it is `enabled`. The defaults trust the model-driven strategies most, at 1.5, which deserves a look "
            "against their record."
        ),
        raise_when=(
            "A strategy has earned more per unit of risk than the others over a few months and some hundred trades, "
            "and it is in conflicts that it has been overruled. Steps of 0.1 to 0.2 are enough."
        ),
        lower_when=(
            "A strategy is in drawdown, new, or its confidences run high across the board so that it wins every "
            "comparison by boasting rather than by being right."
        ),
        related=("timeframe_weights", "signal_conflict_resolution", "min_confidence_threshold", "enabled"),
        example=Example(
            {"momentum_strategy": 1.0, "mean_reversion_strategy": 0.5, "default": 0.8},
            "Momentum buys with confidence 0.60, mean reversion sells with 0.90, and a third strategy without an entry "
            "sells with 0.70. Scores: 0.60 x 1.0 = 0.60 for buying, 0.90 x 0.5 = 0.45 and 0.70 x 0.8 = 0.56 for "
            "selling. Taken singly the buy leads; added up, selling has 0.45 + 0.56 = 1.01. Strategies known only to "
            "the default map, such as the model-driven ones, now count 0.8.",
        ),
        risk=Risk.NEUTRAL,
    ),
    Parameter(
        name="timeframe_weights",
        type=ParameterType.DICT,
        group=Group.TIMEFRAME_WEIGHTS,
        unit=Unit.WEIGHT_MAP,
        default={
            "tick": 0.3,
            "1m": 0.5,
            "3m": 0.6,
            "5m": 0.7,
            "15m": 0.8,
            "30m": 0.9,
            "1h": 1.0,
            "2h": 1.1,
            "4h": 1.2,
            "6h": 1.3,
            "8h": 1.4,
            "12h": 1.5,
            "1d": 1.6,
            "3d": 1.7,
            "1w": 1.8,
            "1M": 2.0,
        },
        description=(
            "A map from candle length to a relative weight of 0 or more, for settling disagreements between timeframes "
            "by weighted average. The hour counts 1.0 by default, everything longer more and everything shorter less. "
            "The keys are case-sensitive: `1m` is a minute and `1M` a month, and they are at the two ends of the "
            "scale. It is advice to the order engine, which may not act on it, and the gate does not use it. A "
            "narrower scope replaces the map whole, so copy all sixteen entries and change the one that matters: a "
            "timeframe left out has no weight of its own."
        ),
        impact=(
            "By default a daily signal counts 1.6 / 0.7 = 2.3 times a five-minute one, so the short one prevails only "
            "if its confidence is more than 2.3 times as high, which is rarely possible. A flat map (all 1.0) leaves "
            "the decision to confidence alone and lets fast strategies overrule slow ones often, with more trades and "
            "more fees. A steep one makes the fast ones speak only when the slow ones are silent."
        ),
        raise_when=(
            "Raise a timeframe's weight when its signals have turned out right more often than those that overruled "
            "them: long ones in trending markets, short ones in quiet sideways markets."
        ),
        lower_when=(
            "Lower the weights of the short end (tick to 5m) when fees or slippage eat their profit or when noise is "
            "high; lower those of the long end when trends keep failing."
        ),
        related=("strategy_weights", "timeframe_conflict_resolution", "max_signal_age_seconds"),
        example=Example(
            {"5m": 0.5, "15m": 0.8, "1h": 1.0, "4h": 1.4, "1d": 2.0},
            "A 5m signal buys with confidence 0.90, a 4h signal sells with 0.60: 0.90 x 0.5 = 0.45 against 0.60 x 1.4 "
            "= 0.84, the sell prevails. With the default weights it would be 0.90 x 0.7 = 0.63 against 0.60 x 1.2 = "
            "0.72, the same outcome but closer. This map leaves out eleven of the sixteen timeframes; that is only "
            "right on a scope whose strategies use none of them.",
        ),
        risk=Risk.NEUTRAL,
    ),
)
"""The parameters of both groups of weights, in the order they are shown."""
