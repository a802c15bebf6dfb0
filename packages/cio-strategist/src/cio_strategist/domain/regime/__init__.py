"""In what state a market is, told from its candles alone: volatility, trend, drawdown. Pure and incremental.

`classify` takes a state and a candle and gives the next state; `status_of` reads a state; `market_status` combines
the statuses of many symbols. `docs/regime.md` says how well it does.
"""
