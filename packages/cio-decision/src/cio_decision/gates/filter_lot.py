"""FILTER_LOT: to be written."""

from cio_decision.breaches import Finding
from cio_decision.context import Context
from cio_decision.intent import Intent


def check(_intent: Intent, _context: Context) -> Finding:
    """Have nothing to say yet."""
    return None
