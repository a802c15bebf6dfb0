"""The gate at work: real NATS, Redis and Nurse, a market with a crash, bots that err, an operator who intervenes.

Run `python -m demo`. It ends with facts that were checked against what was observed, and fails if one does not hold.
"""
