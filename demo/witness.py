"""The witness: hears what the gate says to everybody, verdicts and heartbeats, and takes part in nothing."""

from nats.aio.client import Client
from nats.aio.msg import Msg

from demo.ledger import Judged, Ledger, Pulse
from petrosa_contracts import GovernanceHeartbeat, Verdict, subjects


async def run_witness(client: Client, ledger: Ledger) -> None:
    """Listen to verdicts and heartbeats; from the return on, everything is heard."""

    async def hear_verdict(message: Msg) -> None:
        ledger.record(Judged(at=ledger.now(), verdict=Verdict.model_validate_json(message.data)))

    async def hear_pulse(message: Msg) -> None:
        pulse = GovernanceHeartbeat.model_validate_json(message.data)
        ledger.record(Pulse(at=ledger.now(), status=pulse.status, mode=pulse.mode, epoch=pulse.epoch))

    await client.subscribe(subjects.VERDICTS, cb=hear_verdict)
    await client.subscribe(subjects.HEARTBEAT, cb=hear_pulse)
    # The client sends its ping ahead of what waits to be sent, so only the second answer proves anything.
    await client.flush()
    await client.flush()
