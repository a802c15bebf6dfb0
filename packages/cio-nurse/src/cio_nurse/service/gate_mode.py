"""The mode that holds everywhere: what the gate as a whole may let through, and why it is not all."""

from cio_nurse.service.inputs import LiveInputs
from cio_nurse.service.mirror import Mirror
from petrosa_contracts import Mode, strictest


class GateMode:
    """The strictest of what policy's standing allows, what the other inputs allow, and what was set for everything.

    An intent may meet a stricter one, for what is known or set of its symbol and strategy alone.
    """

    def __init__(self, mirror: Mirror, inputs: LiveInputs) -> None:
        self._mirror = mirror
        self._inputs = inputs

    def now(self) -> Mode:
        """Return the mode at this moment."""
        own, control = self.own(), self._mirror.control_everywhere()
        return own if control is None else strictest(own, control.entry.mode)

    def own(self) -> Mode:
        """Return the mode that the gate's inputs allow, whatever was set."""
        return strictest(self._mirror.system_mode().mode, self._inputs.mode())

    def reasons(self) -> list[str]:
        """Return everything that keeps it from being ACTIVE, one sentence each without a full stop."""
        reasons, control = self.own_reasons(), self._mirror.control_everywhere()
        if control is not None and control.entry.mode is not Mode.ACTIVE:
            entry = control.entry
            reasons.append(f"{entry.mode} by {entry.set_by}: {entry.reason or 'no reason given'}")
        return reasons

    def own_reasons(self) -> list[str]:
        """Return those that are the inputs' own."""
        system = self._mirror.system_mode()
        return [*([system.reason] if system.reason else []), *self._inputs.reasons()]
