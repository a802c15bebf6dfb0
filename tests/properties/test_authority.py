"""The authority, and what gates are shown, under any history of changes, rollbacks, other writers and crashes."""

import asyncio
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from cio_strategist.domain.policy.audit import HistoryFilter, Subject
from cio_strategist.domain.policy.edit import DeleteConfig, Edit, PatchParameters, SetParameters, UnsetParameters
from cio_strategist.domain.policy.loosening import Budgets
from cio_strategist.domain.policy.outcome import OutcomeStatus
from cio_strategist.domain.policy.stored import Write
from cio_strategist.errors import StoreUnreachableError
from cio_strategist.service.policy.config_manager import TradingConfigManager
from cio_strategist.service.policy.projection import Projector
from cio_strategist.service.policy.writer import Writer
from petrosa_contracts import PolicyLayer
from tests.strategist_fakes import CountingIds, FakePolicyStore, FakeProjection, SetClock
from tests.unit.strategist.authority import asking

SCOPES = ("global", "symbol:BTCUSDT", "strategy:momentum v1", "symbol_side:BTCUSDT:LONG")
scopes = st.sampled_from(SCOPES)
names = st.sampled_from(["leverage", "max_daily_trades", "max_concurrent_positions"])
parameters = st.dictionaries(names, st.integers(1, 4), max_size=3)
edits: st.SearchStrategy[Edit] = st.one_of(
    parameters.map(lambda values: SetParameters(parameters=values)),
    parameters.map(lambda values: PatchParameters(parameters=values)),
    st.lists(names, min_size=1, max_size=2, unique=True).map(lambda values: UnsetParameters(names=tuple(values))),
    st.just(DeleteConfig()),
)
State = dict[str, Any] | None


def applied(edit: Edit, state: State) -> State:
    """What an edit makes of a scope's state, said once more in the plainest way."""
    match edit:
        case SetParameters():
            return edit.parameters
        case PatchParameters():
            return {**state, **edit.parameters} if state is not None else edit.parameters or None
        case UnsetParameters():
            return None if state is None else {k: v for k, v in state.items() if k not in edit.names}
        case _:
            return None


class AuthorityMachine(RuleBasedStateMachine):
    """States by version are the model: `versions[scope][n]` is what version n is."""

    @initialize()
    def open(self) -> None:
        self.runner = asyncio.Runner()
        self.clock = SetClock()
        self.store = FakePolicyStore(self.clock)
        ids = CountingIds()
        self.redis = FakeProjection()
        self.projector = Projector(self.store, self.redis, clock=self.clock, new_id=ids, drift_seconds=60.0)
        writer = Writer(self.store, clock=self.clock, new_id=ids, history=self.store, enforcer=self.projector)
        self.manager = TradingConfigManager(writer, budgets=Budgets(agent=0.0, operator=1e9))
        self.versions: dict[str, list[State]] = {scope: [None] for scope in SCOPES}

    def teardown(self) -> None:
        if hasattr(self, "runner"):
            self.runner.close()

    @rule(scope=scopes, edit=edits)
    def change(self, scope: str, edit: Edit) -> None:
        self.clock.advance(minutes=1)
        self._follow(scope, applied(edit, self.versions[scope][-1]), self._apply(scope, edit))

    @rule(scope=scopes, edit=edits)
    def change_while_others_write(self, scope: str, edit: Edit) -> None:
        def once() -> None:
            self.store.before_write = lambda: None
            self.store.edit(Write(scope=None))

        self.store.before_write = once
        self._follow(scope, applied(edit, self.versions[scope][-1]), self._apply(scope, edit))
        self.store.before_write = lambda: None

    @rule(scope=scopes, edit=edits, written=st.booleans())
    def crash_during_a_change(self, scope: str, edit: Edit, written: bool) -> None:
        before, after = self.versions[scope][-1], applied(edit, self.versions[scope][-1])
        if before == after:
            return
        if written:
            self.store.lose_answer = True
            self.versions[scope].append(after)
        else:
            self.store.fail_write = StoreUnreachableError("gone")
        try:
            self._apply(scope, edit)
        except StoreUnreachableError:
            return
        raise AssertionError("the crash went unnoticed")

    @rule(scope=scopes, data=st.data())
    def roll_back_to_a_version(self, scope: str, data: st.DataObject) -> None:
        version = data.draw(st.integers(0, len(self.versions[scope]) - 1))
        outcome = self.runner.run(self.manager.rollback(scope=scope, to_version=version, request=asking()))
        self._follow(scope, self.versions[scope][version], outcome.version)

    @precondition(lambda self: any(len(states) > 1 for states in self.versions.values()))
    @rule(data=st.data())
    def roll_back_to_the_previous_state(self, data: st.DataObject) -> None:
        scope = data.draw(st.sampled_from([scope for scope, states in self.versions.items() if len(states) > 1]))
        outcome = self.runner.run(self.manager.rollback(scope=scope, request=asking()))
        self._follow(scope, self.versions[scope][-2], outcome.version)

    @rule()
    def redis_goes_away_or_comes_back(self) -> None:
        self.redis.up = not self.redis.up

    @rule()
    def redis_loses_everything(self) -> None:
        self.redis.shown = FakeProjection().shown

    @rule(scope=scopes, values=parameters)
    def somebody_writes_into_redis_by_hand(self, scope: str, values: dict[str, Any]) -> None:
        shown = self.redis.shown
        layer = PolicyLayer(scope=scope, version=99, parameters=values)
        layers = MappingProxyType({**shown.policy.layers, scope: layer.model_dump_json()})
        if shown.revision is not None:  # before the first projection that would be a policy to import
            self.redis.shown = replace(shown, policy=replace(shown.policy, layers=layers))

    @invariant()
    def what_gates_are_shown_is_what_is_in_force_whenever_redis_can_be_reached(self) -> None:
        if not hasattr(self, "versions"):
            return
        enforcement = self.runner.run(self.projector.project())
        assert enforcement.enforced == self.redis.up
        if self.redis.up:
            stored, policy = self.store.stored, self.redis.shown.policy
            assert (policy.layers, policy.versions, policy.control) == (
                stored.layers,
                stored.versions,
                stored.control,
            )
            assert policy.epoch is not None

    @invariant()
    def what_is_in_force_is_the_newest_version(self) -> None:
        for scope, states in getattr(self, "versions", {}).items():
            layer = self.store.stored.layers.get(scope)
            assert (layer is not None) == (states[-1] is not None)
            if layer is not None:
                preview = self.runner.run(
                    self.manager.preview(SetParameters(parameters=states[-1] or {}), scope=scope, request=asking())
                )
                assert (preview.would, preview.version) == ("change_nothing", len(states) - 1)

    @invariant()
    def the_trail_tells_every_version_once_and_in_order(self) -> None:
        if not hasattr(self, "versions"):
            return
        for scope, states in self.versions.items():
            wanted = HistoryFilter(scope=scope, subject=Subject.CONFIG)
            records = list(reversed(self.runner.run(self._records(wanted))))
            assert [record.version for record in records] == list(range(1, len(states)))
            assert [record.before for record in records] == states[:-1]
            assert [record.after for record in records] == states[1:]

    async def _records(self, wanted: HistoryFilter) -> Any:
        return await self.store.records(wanted, limit=10_000)

    def _apply(self, scope: str, edit: Edit) -> int:
        outcome = self.runner.run(self.manager.apply(edit, scope=scope, request=asking()))
        assert outcome.status is not OutcomeStatus.PENDING
        return outcome.version

    def _follow(self, scope: str, after: State, version: int) -> None:
        if after != self.versions[scope][-1]:
            self.versions[scope].append(after)
        assert version == len(self.versions[scope]) - 1


TestAuthority = AuthorityMachine.TestCase
