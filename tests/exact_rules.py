"""What the rules of the specification about market and regime say, in exact numbers and other words than the gates'."""

from fractions import Fraction
from math import ceil

from cio_decision.context import Context, MarketView
from cio_decision.intent import Intent
from petrosa_contracts import Code, DrawdownPhase, MarketState, OrderType, RegimeStatus, Side, Trend, VolatilityPhase

AT_A_PRICE = {OrderType.LIMIT, OrderType.STOP_LIMIT, OrderType.TAKE_PROFIT_LIMIT, OrderType.CONDITIONAL_LIMIT}
LEFT_BY_VOLATILITY = {"low": 1, "normal": 1, "high": Fraction(1, 2), "extreme": Fraction(1, 4)}
LEFT_BY_DRAWDOWN = {"shallow": 1, "correction": Fraction(3, 4), "deep": Fraction(1, 2), "severe": Fraction(1, 4)}


def exactly(value: object) -> Fraction:
    """Return a number as its shortest text says."""
    return Fraction(repr(value)) if isinstance(value, float) else Fraction(str(value))


def state_of(context: Context) -> MarketState | None:
    """Return what is known of the symbol on the exchange."""
    return None if context.market is None else context.market.state


def live_price(state: MarketState | None) -> Fraction | None:
    """Return the newest of last trade, middle of the book and mark price, the first of those that are equally new."""
    if state is None:
        return None
    found = [(state.last.as_of, exactly(state.last.price))] if state.last else []
    if state.bid and state.ask:
        middle = (exactly(state.bid.price) + exactly(state.ask.price)) / 2
        found.append((min(state.bid.as_of, state.ask.as_of), middle))
    if state.mark:
        found.append((state.mark.as_of, exactly(state.mark.price)))
    newest = max((as_of for as_of, _ in found), default=None)
    return next((price for as_of, price in found if as_of == newest), None)


def highest_price(context: Context) -> Fraction:
    """Return the highest of the live price and of last trade, bid and mark price that are not lost; 0 for none."""
    view, state = context.market, state_of(context)
    if view is None or state is None:
        return Fraction(0)
    quotes = [quote for quote in (state.last, state.bid, state.mark) if quote is not None]
    known = [quote for quote in quotes if (context.now - quote.as_of).total_seconds() <= view.ages.lost_seconds]
    live = live_price(state)
    return Fraction(0) if live is None else max(live, *(exactly(quote.price) for quote in known), Fraction(0))


def smallest_order(intent: Intent, state: MarketState | None) -> Fraction:
    """Return the amount that engines raise a small order to."""
    rules = None if state is None else state.rules
    step = exactly((rules and rules.step) or "0.001")
    least = exactly((rules and rules.min_quantity) or "0.001")
    notional = exactly((rules and rules.min_notional) or 20)
    return ceil(Fraction(105, 100) * max(least, notional / exactly(intent.signal.current_price)) / step) * step


def asked_and_largest(intent: Intent, context: Context) -> tuple[Fraction, Fraction]:
    """Return the amounts, base asset, that are asked for and that an engine may order."""
    signal, portfolio = intent.signal, None if context.portfolio is None else context.portfolio.state
    asked, largest = exactly(signal.quantity), max(exactly(signal.quantity), smallest_order(intent, state_of(context)))
    if portfolio is not None and portfolio.equity is not None:
        share = exactly(signal.position_size_pct or 0) * exactly(portfolio.equity)
        largest = max(largest, share / exactly(signal.current_price))
    return asked or largest, largest


def worth(intent: Intent, context: Context) -> tuple[Fraction, Fraction]:
    """Return what is asked for and what may be ordered, in quote currency."""
    asked, largest = asked_and_largest(intent, context)
    prices = (exactly(intent.signal.price), exactly(intent.signal.current_price), highest_price(context))
    return asked * max(prices), largest * max(prices)


def known_inputs(context: Context) -> dict[Code, bool]:
    """Return whether market and regime are known, which are fresh as far as they are."""
    market, regime = context.market, context.regime
    unlisted = market is not None and market.listed and market.state is None
    return {
        Code.MARKET_STALE: market is None or unlisted or live_price(market.state) is not None,
        Code.REGIME_STALE: regime is None or not (regime.symbol is None and regime.market is None),
    }


def market_rules(intent: Intent, context: Context) -> dict[Code, bool]:
    """Return what each rule about the market says about an entry."""
    view, state = context.market, state_of(context)
    if view is None:
        return dict.fromkeys(
            [Code.SYMBOL_UNKNOWN, Code.SYMBOL_NOT_TRADING, Code.PRICE_PHANTOM, Code.PRICE_INCONSISTENT, *FILTERS], True
        )
    price, current = exactly(intent.signal.price), exactly(intent.signal.current_price)
    band, live = exactly(view.band_share), live_price(state)
    own = min(band, exactly(context.policy["slippage_tolerance_pct"]) / 100)
    return {
        Code.SYMBOL_UNKNOWN: state is not None or not view.listed,
        Code.SYMBOL_NOT_TRADING: state is None or state.status == "TRADING",
        Code.PRICE_PHANTOM: live is None or (abs(price - live) <= own * live and abs(current - live) <= band * live),
        Code.PRICE_INCONSISTENT: abs(price - current) <= band * current,
        **(dict.fromkeys(FILTERS, True) if state is None else _filters(intent, state, _mark(view, context))),
    }


FILTERS = (Code.FILTER_TICK, Code.FILTER_LOT, Code.FILTER_MIN_NOTIONAL, Code.FILTER_PERCENT_PRICE)


def _mark(view: MarketView, context: Context) -> Fraction | None:
    """Return the mark price unless it is lost."""
    mark = None if view.state is None else view.state.mark
    lost = mark is None or (context.now - mark.as_of).total_seconds() > view.ages.lost_seconds
    return None if mark is None or lost else exactly(mark.price)


def _filters(intent: Intent, state: MarketState, mark: Fraction | None) -> dict[Code, bool]:
    signal, rules = intent.signal, state.rules
    priced = signal.order_type in AT_A_PRICE
    price = exactly(signal.current_price)
    quantity = max(exactly(signal.quantity), smallest_order(intent, state))
    surely = smallest_order(intent, state) if signal.position_size_pct else quantity
    lots = [(rules.step, rules.min_quantity, rules.max_quantity)]
    lots += [] if priced else [(rules.market_step, rules.market_min_quantity, rules.market_max_quantity)]
    value = surely * price if priced else None if mark is None else surely * mark
    if intent.side is Side.LONG:
        inside = None in (mark, rules.multiplier_up) or price <= exactly(mark) * exactly(rules.multiplier_up)
    else:
        inside = None in (mark, rules.multiplier_down) or price >= exactly(mark) * exactly(rules.multiplier_down)
    return {
        Code.FILTER_TICK: not priced or _on_grid(price, rules.tick, rules.min_price, rules.max_price),
        Code.FILTER_LOT: signal.quantity == 0 or all(_on_grid(quantity, *lot) for lot in lots),
        Code.FILTER_MIN_NOTIONAL: None in (value, rules.min_notional) or exactly(value) >= exactly(rules.min_notional),
        Code.FILTER_PERCENT_PRICE: not priced or inside,
    }


def _on_grid(value: Fraction, step: object, low: object, high: object) -> bool:
    return (
        (step is None or value % exactly(step) == 0)
        and (low is None or value >= exactly(low))
        and (high is None or value <= exactly(high))
    )


def regime_rules(intent: Intent, context: Context) -> dict[Code, bool]:
    """Return what each rule about the regime says about an entry."""
    if context.regime is None or (context.regime.symbol is None and context.regime.market is None):
        return dict.fromkeys([Code.REGIME_SIZE, Code.REGIME_INCREASE, Code.REGIME_ENTRY], True)
    known = [status for status in (context.regime.symbol, context.regime.market) if status is not None]
    phases = [_worst_case(status) for status in known]
    against = Trend.DOWN if intent.side is Side.LONG else Trend.UP
    return {
        Code.REGIME_SIZE: worth(intent, context)[1]
        <= exactly(context.policy["max_position_size_usd"]) * min(_left(context, phases)),
        Code.REGIME_INCREASE: not _forbids_adding(phases) or not _may_add(intent, context, phases),
        Code.REGIME_ENTRY: not any(
            volatility == "extreme" and (drawdown == "severe" or trend in {against, Trend.UNKNOWN})
            for volatility, drawdown, trend in phases
        ),
    }


_Phases = list[tuple[str, str, Trend]]


def _worst_case(status: RegimeStatus) -> tuple[str, str, Trend]:
    volatility = "extreme" if status.volatility is VolatilityPhase.UNKNOWN else str(status.volatility)
    drawdown = "severe" if status.drawdown is DrawdownPhase.UNKNOWN else str(status.drawdown)
    return volatility, drawdown, status.trend


def _left(context: Context, phases: _Phases) -> list[Fraction]:
    left = [LEFT_BY_VOLATILITY[volatility] * Fraction(LEFT_BY_DRAWDOWN[drawdown]) for volatility, drawdown, _ in phases]
    if context.portfolio is not None:
        state = context.portfolio.state
        fall = None if state is None else state.drawdown
        ladder = [("severe", "0.3"), ("deep", "0.2"), ("correction", "0.1"), ("shallow", "0")]
        phase = "severe" if fall is None else next(name for name, least in ladder if exactly(fall) >= Fraction(least))
        left += [LEFT_BY_VOLATILITY[volatility] * Fraction(LEFT_BY_DRAWDOWN[phase]) for volatility, _, _ in phases]
    return left


def _forbids_adding(phases: _Phases) -> bool:
    return any(volatility in {"high", "extreme"} or drawdown == "severe" for volatility, drawdown, _ in phases)


def _may_add(intent: Intent, context: Context, phases: _Phases) -> bool:
    if context.ledger.reserved.opens_this:
        return True
    if context.portfolio is None:
        return any(volatility == "extreme" or drawdown == "severe" for volatility, drawdown, _ in phases)
    state = context.portfolio.state
    return state is None or any(
        (each.symbol, each.side) == (intent.signal.symbol, intent.side) for each in state.positions
    )
