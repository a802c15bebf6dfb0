"""The primal limits as this process has them, shown to callers. Pure."""

from decimal import Decimal
from typing import Any, cast

from cio_strategist.domain.policy.views import PrimalLimitView, PrimalView
from petrosa_contracts import Code
from petrosa_contracts.primal import PrimalLimits
from petrosa_contracts.primal.bounds import number_of, parameters_under, source_in_words
from petrosa_contracts.primal.file import PrimalStanding


def view(standing: PrimalStanding | None) -> PrimalView:
    """Return the primal limits as callers see them."""
    if standing is None:
        message = (
            "there are no primal limits here: STRATEGIST_PRIMAL_FILE is not set, so the catalogue alone bounds policy"
        )
        return PrimalView(source="off", revision=None, digest=None, limits={}, message=message)
    limits = standing.limits
    return PrimalView(
        source="file" if standing.signed else "built-in",
        revision=limits.revision,
        digest=limits.digest(),
        signers=standing.signers,
        problem=standing.problem or None,
        limits={
            name: PrimalLimitView(
                value=plain_limit(limits, name),
                meaning=field.description or "",
                bounds=parameters_under(name),
            )
            for name, field in PrimalLimits.model_fields.items()
            if name != "revision"
        },
        message=f"the hard ceilings of {source_in_words(limits)}: no running process can change them, and what is set "
        f"beyond them is refused with {Code.PRIMAL_LIMIT}",
    )


def plain_limit(limits: PrimalLimits, name: str) -> Any:
    """Return a primal limit in plain JSON types."""
    value = getattr(limits, name)
    if isinstance(value, Decimal):
        return number_of(value)
    return list(cast("tuple[str, ...]", value)) if isinstance(value, tuple) else value
