"""Governance at work: real servers, authority and gate, a market with a crash, bots that err, a model and an operator.

Run `python -m demo`. It ends with facts that were checked against what was observed, and fails if one does not hold.
"""
