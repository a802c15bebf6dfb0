"""NATS subjects: defaults, patterns and builders. The only place that spells them."""

import re

INTENTS = "cio.intent.>"
"""Where bots publish trade intents (default of `NATS_TOPIC_INTENTS`)."""

LEGACY_INTENTS = "intent.>"
"""Where older bots publish theirs; the gate listens there only if `NATS_TOPIC_INTENTS` names it too."""

SIGNALS = "signals.trading"
"""Where the order engine takes signals (default of `NATS_TOPIC_SIGNALS`)."""

HEARTBEAT = "cio.heartbeat"
"""Where the gate's pulse is published and may be asked for (default of `NATS_TOPIC_HEARTBEAT`)."""

MARKET = "binance.websocket.data"
"""Where the fleet's socket client publishes market data (default of `NATS_TOPIC_MARKET`)."""

PING = "cio.ping"
"""Where the gate's pulse may be asked for without the engine hearing the question."""

VERDICTS = "cio.verdict.>"
"""Every verdict, one subject per strategy."""

DECISION_RECORDS = "cio.record.decision.>"
"""The record of every decision, kept in the stream `CIO_DECISIONS`; one subject per strategy."""

FAILSAFE_REPORTS = "cio.audit.failsafe.>"
"""What bots let through while no gate answered, told afterwards; one subject per strategy."""

ALERTS = "alerts.cio.>"
"""What needs somebody's attention, one subject per kind and strategy; the fleet's readers take `alerts.>`."""

EXECUTION_EVENTS = "execution.events.>"
"""What the order engine tells of its orders (default of `NATS_TOPIC_EXECUTION_EVENTS`); one subject per strategy."""

NURSE_QUEUE_GROUP = "cio-nurse"
"""Queue group of the gate's replicas: each intent goes to one of them."""

LONGEST_TOKEN = 200
"""Characters a token may have. The server closes a connection whose subjects exceed its control line (4 KiB)."""

_UNSAFE = re.compile(r"[^A-Za-z0-9_\-]")


def token(text: str) -> str:
    """Return `text` as one subject token: ASCII letters, digits, `_` and `-` stay, all else becomes `_`.

    A blank in a subject makes the server close the connection and a dot adds a level, so nothing unsanitised may be
    published. Empty text becomes `unknown`, and what is longer than `LONGEST_TOKEN` is cut off there.
    """
    return _UNSAFE.sub("_", text[:LONGEST_TOKEN]) or "unknown"


def intent(strategy_id: str) -> str:
    """Return the subject on which a strategy publishes its intents."""
    return f"cio.intent.trading.{token(strategy_id)}"


def legacy_intent(strategy_id: str) -> str:
    """Return the subject on which older bots publish a strategy's intents."""
    return f"intent.trading.{token(strategy_id)}"


def verdict(strategy_id: str) -> str:
    """Return the subject on which the verdicts about a strategy's intents are published."""
    return f"cio.verdict.{token(strategy_id)}"


def decision_record(strategy_id: str) -> str:
    """Return the subject on which the records of the decisions on a strategy's intents are published."""
    return f"cio.record.decision.{token(strategy_id)}"


def failsafe_report(strategy_id: str) -> str:
    """Return the subject on which a bot tells what it let through for a strategy without the gate."""
    return f"cio.audit.failsafe.{token(strategy_id)}"


def execution_event(strategy_id: str) -> str:
    """Return the subject on which the engine tells of a strategy's orders."""
    return f"execution.events.{token(strategy_id)}"


def alert(action: str, strategy_id: str) -> str:
    """Return the subject on which an alert of one kind about a strategy, or about a service, is published."""
    return f"alerts.cio.{token(action)}.{token(strategy_id)}"


def signal_of_strategy(base: str, strategy_id: str) -> str:
    """Return `<base>.<strategy token>`, where engines listen that take one subject per strategy."""
    return f"{base}.{token(strategy_id)}"


def subscriptions(topics: str) -> tuple[str, ...]:
    """Return the subjects to subscribe to for a comma-separated list of topics, in order, without repeats.

    A topic without a wildcard means itself and everything below it. Raises `ValueError` for an empty list or a topic
    that holds a blank or an empty token.
    """
    found: dict[str, None] = {}
    for topic in (part.strip() for part in topics.split(",")):
        if not topic:
            continue
        _check(topic)
        found[topic] = None
        if "*" not in topic and ">" not in topic:
            found[f"{topic}.>"] = None
    if not found:
        raise ValueError("no subject given: name at least one, such as cio.intent.>")
    return tuple(found)


def covers(wide: str, narrow: str) -> bool:
    """Whether whoever subscribes to `wide` gets all of what `narrow` would."""
    wanted, given = wide.split("."), narrow.split(".")
    for position, part in enumerate(wanted):
        if part == ">":
            return len(given) > position
        if position >= len(given) or given[position] == ">" or part not in {"*", given[position]}:
            return False
    return len(wanted) == len(given)


def _check(subject: str) -> None:
    tokens = subject.split(".")
    if any(not part or any(character.isspace() for character in part) for part in tokens):
        raise ValueError(f"{subject!r} is not a subject: no blanks and no empty tokens")
    if ">" in tokens[:-1]:
        raise ValueError(f"{subject!r} is not a subject: `>` may only be its last token")
