"""The facts: what the demo claims, each computed from what was observed. Pure."""

from collections.abc import Callable

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
from demo.policy_facts import (
    all_enforced,
    halt_held,
    history_explains,
    loosening_waited,
    roll_back_restored,
    tightening_held,
)

FACTS: tuple[Callable[[Ledger], Fact], ...] = (
    nothing_unapproved,
    approvals_arrived,
    requests_answered,
    mistakes_refused,
    exits_passed,
    tightening_held,
    halt_held,
    nothing_during_outage,
    duplicate_refused,
    loosening_waited,
    roll_back_restored,
    all_enforced,
    history_explains,
)
"""Every fact, in the order of the story."""
