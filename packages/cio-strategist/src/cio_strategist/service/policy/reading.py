"""Looking: layers, resolved policy, control and history, also while MongoDB is away."""

from collections.abc import Sequence

import structlog

from cio_strategist.domain.policy.audit import AuditRecord, HistoryFilter
from cio_strategist.domain.policy.control_change import read_control
from cio_strategist.domain.policy.layer_change import field_of
from cio_strategist.domain.policy.scope_key import parse_scope
from cio_strategist.domain.policy.stored import (
    StoredPolicy,
    last_version,
    layers_in_force,
    read_layer,
    scope_order,
)
from cio_strategist.domain.policy.views import ControlView, LayerView, ResolvedValue, ResolvedView, Source
from cio_strategist.errors import StoreUnreachableError, UsageError
from cio_strategist.ports import Clock, History, PolicyStore
from petrosa_contracts import CATALOGUE, Side, resolve

_log: structlog.stdlib.BoundLogger = structlog.get_logger()


class PolicyReader:
    """Answers every question about policy and control.

    Reads from the authority's store, and while that is away from `fallback`, which shows what the gates see. Raises
    `StoreUnreachableError` when neither answers; history has no fallback.
    """

    def __init__(self, store: PolicyStore, *, clock: Clock, history: History, fallback: PolicyStore) -> None:
        self._store = store
        self._clock = clock
        self._history = history
        self._fallback = fallback

    async def layers(self) -> tuple[LayerView, ...]:
        """Return what every scope sets that sets anything, from the widest to the narrowest."""
        stored, source = await self._read()
        return tuple(_layer(stored, field, source) for field in sorted(stored.layers, key=scope_order))

    async def layer(self, scope: str) -> LayerView:
        """Return what one scope sets; one that sets nothing is an answer too. Raises `UsageError` for no scope."""
        stored, source = await self._read()
        return _layer(stored, field_of(stored.layers, scope), source)

    async def resolved(
        self, *, symbol: str | None = None, strategy_id: str | None = None, side: Side | None = None
    ) -> ResolvedView:
        """Return what holds for an order, each value with the scope and version that set it.

        Raises `UsageError` for a side without a symbol, or a symbol or strategy that cannot be one.
        """
        if side is not None and symbol is None:
            raise UsageError("a side needs a symbol")
        for kind, name in (("symbol", symbol), ("strategy", strategy_id)):
            if name is not None:
                parse_scope(f"{kind}:{name}")
        stored, source = await self._read()
        found = resolve(layers_in_force(stored.layers), symbol=symbol, strategy_id=strategy_id, side=side)
        values = found.plain()
        return ResolvedView(
            symbol=symbol and symbol.upper(),
            strategy_id=strategy_id,
            side=side,
            scopes=found.scopes,
            parameters={
                name: ResolvedValue(
                    value=values[name], scope=where.scope, version=where.version, unit=CATALOGUE[name].unit
                )
                for name, where in found.provenance.items()
            },
            source=source,
        )

    async def controls(self) -> tuple[ControlView, ...]:
        """Return every control entry, expired ones included, from the widest scope to the narrowest."""
        stored, _ = await self._read()
        now = self._clock.now()
        found = sorted(read_control(stored), key=lambda control: scope_order(control.field))
        return tuple(
            ControlView(
                scope=control.scope,
                field=control.field,
                entry=control.entry,
                in_force=control.entry.in_force(now),
                unreadable=control.unreadable,
            )
            for control in found
        )

    async def history(self, wanted: HistoryFilter, *, limit: int) -> Sequence[AuditRecord]:
        """Return the newest records of the trail that fit, newest first."""
        return await self._history.records(wanted, limit=limit)

    async def record(self, audit_id: str) -> AuditRecord | None:
        """Return one record of the trail."""
        return await self._history.record(audit_id)

    async def at_version(self, scope: str, version: int) -> AuditRecord | None:
        """Return the record that made this version of a scope, if there is one."""
        return await self._history.at_version(scope, version)

    async def _read(self) -> tuple[StoredPolicy, Source]:
        try:
            stored = await self._store.read()
        except StoreUnreachableError as error:
            stored = await self._fallback.read()
            _log.warning("reading_from_redis", reason=str(error))
            return stored, Source(name="redis", epoch=stored.epoch)
        return stored, Source(name="mongodb", epoch=stored.epoch)


def _layer(stored: StoredPolicy, field: str, source: Source) -> LayerView:
    text = stored.layers.get(field)
    read = None if text is None else read_layer(field, text)
    layer = None if read is None else read.layer
    return LayerView(
        scope=field,
        version=last_version(stored, field),
        exists=text is not None,
        parameters={} if layer is None else layer.parameters,
        updated_at=None if layer is None else layer.updated_at,
        updated_by=None if layer is None else layer.updated_by,
        problem=None if read is None else read.problem,
        source=source,
    )
