"""Primal limits: the hard ceilings of the fund, which no policy, control entry or process can lift.

`limits` are the values, and what is exported here; `file` reads and believes a signed file of them, `signatures` and
`change` judge who signed what; `bounds` tells which trading parameters lie beyond them.
"""

from petrosa_contracts.primal.limits import BUILT_IN, PRIMAL_SCOPE, UPWARD, PrimalLimits

__all__ = ["BUILT_IN", "PRIMAL_SCOPE", "UPWARD", "PrimalLimits"]
