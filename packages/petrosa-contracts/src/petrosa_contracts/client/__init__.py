"""For bots: ask the gate for a verdict, and stay within the fail-safe limits while it does not answer.

Needs the extra `nats`. `AuditClient` is the way in; `governance`, `judging` and `journal` are what it is made of, free
of I/O, and `line` is the one module that speaks NATS.
"""

from petrosa_contracts.client.answer import Answer
from petrosa_contracts.client.audit import AuditClient
from petrosa_contracts.client.governance import BotMode

__all__ = ["Answer", "AuditClient", "BotMode"]
