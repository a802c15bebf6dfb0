"""Readiness: whether intents are served as they should be, and the facts behind it."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from cio_decision.freshness import Input
from cio_nurse.service import primal
from cio_nurse.service.heartbeat import Heartbeat
from cio_nurse.service.inputs import LiveInputs
from cio_nurse.service.mirror import Mirror
from cio_nurse.service.recording import Recording
from cio_nurse.service.self_check import SelfCheck
from petrosa_contracts.primal.file import PrimalStanding


class Line(Protocol):
    """A connection that messages come on."""

    @property
    def listening(self) -> bool:
        """Whether it stands and the server has its subscriptions."""
        ...


class Readiness:
    """Tells whether this gate should be counted on. It takes intents before, for the sake of exits."""

    def __init__(
        self,
        *,
        lines: Sequence[Line],
        heartbeat: Heartbeat,
        mirror: Mirror,
        inputs: LiveInputs,
        recording: Recording,
        primal: PrimalStanding | None,
        self_check: SelfCheck,
    ) -> None:
        self._lines = lines
        self._heartbeat = heartbeat
        self._mirror = mirror
        self._inputs = inputs
        self._recording = recording
        self._primal = primal
        self._self_check = self_check

    def now(self) -> tuple[bool, Mapping[str, Any]]:
        """Return whether intents and pings are served, under a policy that was loaded, by a gate that checked itself.

        With the facts behind it.
        """
        pulse = self._heartbeat.pulse()
        facts = {
            "subscribed": all(line.listening for line in self._lines),
            "policy_loaded": self._mirror.view.snapshot is not None,
            "mode": pulse.mode,
            "epoch": pulse.epoch,
            "policy_age_seconds": pulse.policy_age_seconds,
            "reasons": pulse.reasons,
            **self._input_facts(),
            "primal": primal.facts(self._primal),
            "self_check": self._self_check.facts(),
            "records": {
                "needed": self._recording.enabled,
                "available": self._recording.available,
                "backlog": self._recording.backlog.waiting,
                "dropped": self._recording.backlog.dropped,
            },
        }
        return bool(facts["subscribed"] and facts["policy_loaded"] and self._self_check.passed), facts

    def _input_facts(self) -> Mapping[str, Any]:
        standings = self._inputs.standings()
        return {
            "inputs": {
                "policy": "needed",
                **{each: standings[each].freshness if each in standings else "off" for each in Input},
            },
            "input_ages_seconds": {name: standing.age_seconds for name, standing in standings.items()},
        }
