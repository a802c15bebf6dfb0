"""Policy and control as rows for a table and as JSON. Pure."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from cio_strategist.command_line.console import moment, shown
from cio_strategist.domain.access.token import StoredToken
from cio_strategist.domain.policy.audit import AuditRecord, Subject
from cio_strategist.domain.policy.control_change import StoredControl
from cio_strategist.domain.policy.impact import changes_of
from cio_strategist.domain.policy.outcome import ParameterChange
from cio_strategist.domain.policy.proposal import Proposal
from cio_strategist.domain.policy.stored import StoredLayer
from petrosa_contracts import Parameter, ResolvedPolicy
from petrosa_contracts.resolution import DEFAULTS_SCOPE

LAYER_HEADINGS = ("scope", "version", "when", "by", "parameter", "value")
RESOLVED_HEADINGS = ("parameter", "scope", "version", "value")
CONTROL_HEADINGS = ("scope", "mode", "state", "until", "by", "when", "reason")
RECORD_HEADINGS = ("when", "scope", "version", "what", "by", "change", "reason", "id")
PROPOSAL_HEADINGS = ("id", "status", "scope", "change", "by", "when", "why it waits")
TOKEN_HEADINGS = ("id", "name", "class", "allows", "state", "until", "made")
CATALOGUE_HEADINGS = ("parameter", "type", "unit", "allowed", "default")


def layer_rows(layers: Sequence[StoredLayer]) -> list[tuple[str, ...]]:
    """Return a row per parameter; one row for a layer that sets none, and one more for a layer the gate refuses."""
    rows: list[tuple[str, ...]] = []
    for stored in layers:
        if stored.layer is not None:
            layer = stored.layer
            head = (stored.field, str(layer.version), moment(layer.updated_at), layer.updated_by)
            rows += [(*head, name, shown(value)) for name, value in layer.parameters.items()] or [(*head, "", "")]
        if stored.problem is not None:
            rows.append((stored.field, "", "", "", "UNREADABLE", stored.problem))
    return rows


def layers_json(layers: Sequence[StoredLayer], epoch: int | None) -> dict[str, Any]:
    """Return the layers by scope, and by field what is wrong with those that the gate refuses."""
    return {
        "epoch": epoch,
        "layers": {stored.field: stored.layer.model_dump(mode="json") for stored in layers if stored.layer is not None},
        "unreadable": {stored.field: stored.problem for stored in layers if stored.problem is not None},
    }


def change_line(change: ParameterChange) -> str:
    """Return `name: old -> new`."""
    before = shown(change.before) if change.was_set else "not set"
    after = shown(change.after) if change.is_set else "not set"
    return f"  {change.name}: {before} -> {after}"


def record_rows(records: Sequence[AuditRecord]) -> list[tuple[str, ...]]:
    """Return a row per audit record."""
    return [
        (
            moment(record.at),
            record.scope,
            "" if record.version is None else str(record.version),
            record.edit,
            # Whoever writes may sign for somebody else: who it was is known from the token.
            record.changed_by if record.changed_by == record.caller else f"{record.changed_by} ({record.caller})",
            _what(record),
            record.reason or "",
            record.id,
        )
        for record in records
    ]


def proposal_rows(proposals: Sequence[Proposal]) -> list[tuple[str, ...]]:
    """Return a row per proposal."""
    return [
        (
            proposal.id,
            proposal.status,
            proposal.scope,
            proposal.edit.model_dump_json(exclude={"kind"}),
            proposal.proposed_by,
            moment(proposal.proposed_at),
            proposal.why_pending,
        )
        for proposal in proposals
    ]


def token_rows(tokens: Sequence[StoredToken], now: datetime) -> list[tuple[str, ...]]:
    """Return a row per token, without anything secret."""
    return [
        (
            token.id,
            token.name,
            token.kind,
            " ".join(token.permissions),
            "revoked" if token.revoked_at is not None else "in force" if token.in_force(now) else "expired",
            moment(token.expires_at) or "never",
            moment(token.created_at),
        )
        for token in tokens
    ]


def _what(record: AuditRecord) -> str:
    if record.subject is Subject.CONTROL:
        return "lifted" if record.after is None else str(record.after.get("mode"))
    if record.subject is Subject.REFUSAL:
        beyond = ", ".join(f"{each.name} {shown(each.asked)} beyond {each.limit}" for each in record.refused)
        return f"refused: {beyond}" if beyond else "refused"
    if record.subject is Subject.LATCH:
        return f"{(record.after or {}).get('latch')} cleared"
    return ", ".join(change_line(change).strip() for change in changes_of(record.before, record.after))


def resolved_names(resolved: ResolvedPolicy, *, only_set: bool) -> list[str]:
    """Return the parameters to show: all of them, or only those that some scope sets."""
    return [name for name in resolved.values if not (only_set and resolved.provenance[name].scope == DEFAULTS_SCOPE)]


def resolved_rows(resolved: ResolvedPolicy, names: Sequence[str]) -> list[tuple[str, ...]]:
    """Return a row per parameter, with the layer that set it."""
    values = resolved.plain()
    return [
        (
            name,
            resolved.provenance[name].scope,
            str(resolved.provenance[name].version),
            shown(values[name]),
        )
        for name in names
    ]


def resolved_json(resolved: ResolvedPolicy, names: Sequence[str]) -> dict[str, Any]:
    """Return value, scope and version by parameter."""
    values = resolved.plain()
    return {
        name: {
            "value": values[name],
            "scope": resolved.provenance[name].scope,
            "version": resolved.provenance[name].version,
        }
        for name in names
    }


def control_rows(controls: Sequence[StoredControl], now: datetime) -> list[tuple[str, ...]]:
    """Return a row per control entry, expired ones included."""
    return [
        (
            control.field,
            control.entry.mode,
            control_state(control, now),
            moment(control.entry.expires_at) or "lifted",
            control.entry.set_by,
            moment(control.entry.set_at),
            control.entry.reason,
        )
        for control in controls
    ]


def controls_json(controls: Sequence[StoredControl], now: datetime) -> list[dict[str, Any]]:
    """Return the control entries, each with its field, the scope it restricts and whether it is in force."""
    return [
        {
            "field": control.field,
            "scope": control.scope,
            **control.entry.model_dump(mode="json"),
            "in_force": control.entry.in_force(now),
            "unreadable": control.unreadable,
        }
        for control in controls
    ]


def control_state(control: StoredControl, now: datetime) -> str:
    """Return `in force`, `expired`, or for an entry that cannot be read, what it halts."""
    if control.unreadable:
        return f"unreadable: halts {control.scope}"
    return "in force" if control.entry.in_force(now) else "expired"


def catalogue_rows(catalogue: Mapping[str, Parameter]) -> list[tuple[str, ...]]:
    """Return a row per parameter."""
    return [
        (name, parameter.type, parameter.unit, allowed(parameter), shown(parameter.plain_default()))
        for name, parameter in catalogue.items()
    ]


def allowed(parameter: Parameter) -> str:
    """Return the bounds or words that a parameter allows, in one phrase."""
    words = ", ".join(parameter.allowed_values or ())
    bounds = "" if parameter.minimum is None else f"{parameter.minimum} to {parameter.maximum}"
    return " or ".join(part for part in (words, bounds, "null" if parameter.nullable else "") if part)


def parameter_entries(parameter: Parameter) -> list[tuple[str, str]]:
    """Return everything known about one parameter, as titles and paragraphs."""
    example = parameter.example
    return [
        ("type", f"{parameter.type} ({parameter.unit.phrase})"),
        ("allowed", allowed(parameter) or "any of that type"),
        ("default", shown(parameter.plain_default())),
        ("group", parameter.group),
        ("risk", f"a higher value {parameter.risk} it" if parameter.risk != "neutral" else "neutral"),
        ("what it is", parameter.description),
        ("impact", parameter.impact),
        ("raise when", parameter.raise_when),
        ("lower when", parameter.lower_when),
        ("related", ", ".join(parameter.related)),
        ("example", f"{parameter.name}={shown(example.plain_value())}: {example.explanation}"),
    ]
