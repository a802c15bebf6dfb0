"""The facts: what the demo claims, each computed from what was observed. Pure."""

from collections.abc import Callable

from demo.chain_facts import chain_complete, tampering_found
from demo.fact import Fact
from demo.gate_facts import (
    approvals_arrived,
    duplicate_refused,
    exits_passed,
    mistakes_refused,
    nothing_during_outage,
    nothing_unapproved,
    requests_answered,
)
from demo.ledger import Ledger
from demo.market_facts import books_agree, daily_loss_held, fail_safe_recovered, phantom_refused, regime_obeyed
from demo.policy_facts import (
    all_enforced,
    halt_held,
    history_explains,
    loosening_waited,
    roll_back_restored,
    safe_mode_held,
    tightening_held,
)

FACTS: tuple[Callable[[Ledger], Fact], ...] = (
    nothing_unapproved,
    approvals_arrived,
    requests_answered,
    mistakes_refused,
    exits_passed,
    regime_obeyed,
    safe_mode_held,
    phantom_refused,
    tightening_held,
    halt_held,
    nothing_during_outage,
    duplicate_refused,
    fail_safe_recovered,
    loosening_waited,
    roll_back_restored,
    daily_loss_held,
    books_agree,
    all_enforced,
    history_explains,
    chain_complete,
    tampering_found,
)
"""Every fact, in the order of the story."""
