"""Building breaches: the one place that fills in who set a limit."""

from decimal import Context as Arithmetic
from decimal import Decimal

from cio_decision.context import Context
from cio_decision.freshness import Standing
from petrosa_contracts import CATALOGUE, Breach, Code

_LONGEST_WHOLE = 16
"""Digits before the decimal point up to which a number is written out."""

_EXACT = Arithmetic(prec=100)
"""More digits than any number here has: normalizing in decimal's usual 28 would round the longest."""

Measure = float | int | str | bool | Decimal | None

Measured = tuple[Measure, Measure]
"""What a gate that lets an intent pass has measured, and the limit it held it against; for the record."""

Finding = Breach | Measured | None
"""What a gate finds: a breach, or what it measured, or None where it has nothing to say about the intent."""


def policy_breach(
    code: Code, context: Context, parameter: str, *, measured: Measure, message: str, limit: Measure = None
) -> Breach:
    """Return a breach of a policy parameter, with its unit and the scope and version that set it.

    `limit` defaults to the parameter's value in force.
    """
    source = context.policy.provenance[parameter]
    return Breach(
        code=code,
        gate=code.lower(),
        measured=plain(measured),
        limit=plain(context.policy[parameter] if limit is None else limit),
        unit=CATALOGUE[parameter].unit,
        scope=source.scope,
        version=source.version,
        message=message,
    )


def built_in_breach(
    code: Code,
    *,
    measured: Measure,
    limit: Measure,
    unit: str,
    message: str,
    scope: str | None = None,
    version: int | None = None,
) -> Breach:
    """Return a breach of a limit that no policy layer sets: a setting, a control entry, fail-safe or primal limits."""
    return Breach(
        code=code,
        gate=code.lower(),
        measured=plain(measured),
        limit=plain(limit),
        unit=unit,
        scope=scope,
        version=version,
        message=message,
    )


def age_finding(code: Code, known: Standing) -> Finding:
    """Return what a gate for the age of an input finds: a breach where the input is lost."""
    if not known.is_lost:
        return known.age_seconds, known.limit_seconds
    reason = f"{known.reason[0].upper()}{known.reason[1:]}"
    too_old = not known.missing and known.age_seconds is not None and known.age_seconds > 0
    rule = f", and {amount(known.limit_seconds)} are allowed" if too_old else ""
    return built_in_breach(
        code,
        measured=known.age_seconds,
        limit=known.limit_seconds,
        unit="seconds",
        message=f"{reason}{rule}: only exits pass until it is fresh again.",
    )


def amount(value: Decimal | float) -> str:
    """Return a number for a sentence: exact, so that two that differ never read alike, and without needless zeros.

    From 10^16 on it is rounded and has an exponent, and so has, unrounded, what is smaller than 10^-16.
    """
    exact = value if isinstance(value, Decimal) else Decimal(repr(value))
    if exact.adjusted() >= _LONGEST_WHOLE:
        return f"{exact:.4e}"
    plainly = exact.normalize(_EXACT)
    return f"{plainly:e}" if exact and exact.adjusted() < -_LONGEST_WHOLE else f"{plainly:,f}"


def plain(value: Measure) -> float | int | str | bool | None:
    """Return a measure as JSON holds it: decimals become floats."""
    return float(value) if isinstance(value, Decimal) else value
