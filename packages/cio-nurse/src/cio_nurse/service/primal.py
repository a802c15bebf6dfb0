"""Primal limits: the hard ceilings that a gate starts with, and what it says of them."""

from datetime import datetime
from pathlib import Path
from typing import Any

import structlog

from petrosa_contracts import Alert, AlertSeverity
from petrosa_contracts.primal.file import PrimalStanding, load

_log = structlog.stdlib.get_logger()


def standing_of(file: Path | None, approvers: Path | None) -> PrimalStanding | None:
    """Return the hard ceilings for as long as this process lives; None where no file is named."""
    if file is None:
        _log.warning("primal_limits_not_configured", setting="NURSE_PRIMAL_FILE")
        return None
    standing = load(file, approvers)
    if standing.signed:
        _log.info("primal_limits_loaded", **facts(standing))
    else:
        _log.error("primal_limits_built_in", **facts(standing))
    return standing


def built_in_alert(standing: PrimalStanding, instance: str, now: datetime) -> Alert:
    """Return the alert of a gate that does not believe its file."""
    return Alert.of(
        "primal",
        "nurse",
        category="primal",
        severity=AlertSeverity.CRITICAL,
        message=f"the gate {instance} started on the built-in tightest primal limits: {standing.problem}",
        at=now,
        cause=f"{instance}: {standing.problem}",
    )


def facts(standing: PrimalStanding | None) -> dict[str, Any]:
    """Return which limits hold and why, for `/readyz` and the log."""
    if standing is None:
        return {"source": "off"}
    return {
        "source": "file" if standing.signed else "built-in",
        "revision": standing.limits.revision,
        "digest": standing.limits.digest(),
        "signers": list(standing.signers),
        "problem": standing.problem,
    }
