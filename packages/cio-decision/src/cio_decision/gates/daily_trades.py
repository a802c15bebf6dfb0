"""DAILY_TRADES: a scope makes at most so many trades a day."""

from cio_decision.breaches import Finding, policy_breach
from cio_decision.context import Context
from cio_decision.intent import Intent
from petrosa_contracts import Code, Scope
from petrosa_contracts.resolution import DEFAULTS_SCOPE

_PARAMETER = "max_daily_trades"


def counted_scope(intent: Intent, context: Context) -> str:
    """Return the scope key whose trades count: the scope that set the limit.

    Where only the catalogue's default holds, nobody has given the fund a budget, and each strategy counts for itself.
    """
    scope = context.policy.provenance[_PARAMETER].scope
    return Scope.of_strategy(intent.signal.strategy_id).key if scope == DEFAULTS_SCOPE else scope


def check(intent: Intent, context: Context) -> Finding:
    """Veto once the scope that set `max_daily_trades` has made that many trades in the UTC day.

    Inputs: the ledger's count of approved buys and sells. Comparison: count >= limit, so that the limit itself is
    reached but not passed. Unit: count. Risk-reducing intents are exempt and do not count.
    """
    limit: int = context.policy[_PARAMETER]
    scope = counted_scope(intent, context)
    made = context.ledger.trades_today.get(scope, 0)
    if made < limit:
        return made, limit
    return policy_breach(
        Code.DAILY_TRADES,
        context,
        _PARAMETER,
        measured=made,
        message=f"{scope} has made {made} trades today and may make {limit}: it opens again at midnight UTC.",
    )
