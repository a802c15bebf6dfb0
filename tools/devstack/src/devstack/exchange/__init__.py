"""A local exchange in the form of Binance's USD-M futures, seeded and scriptable.

`Exchange` runs it as a process like the other servers; `ExchangeControl` is what scripts it. Everything else in here
belongs to that process.
"""
