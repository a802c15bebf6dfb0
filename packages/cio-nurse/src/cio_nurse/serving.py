"""Running the gate: its loops, until told to stop."""

import asyncio
import contextlib
import gc
import signal
from collections.abc import Generator
from functools import partial

import structlog

from cio_nurse import __version__
from cio_nurse.adapters import log
from cio_nurse.adapters.apart import Apart
from cio_nurse.bootstrap import Nurse
from cio_nurse.errors import StoreError, TransportUnavailableError
from cio_nurse.service import primal
from cio_nurse.service.mirror import POLL_SECONDS
from cio_nurse.service.self_check import STRATEGY
from cio_nurse.settings import Settings
from petrosa_contracts import subjects

POLICY_GRACE_SECONDS = 1.0
"""How long a starting gate waits for policy and inputs before it takes intents without them."""

TURN_SECONDS = 0.2
"""How often the main loop shows that it turns."""

COLLECT_AFTER = (5_000, 1_000, 10)
"""Thresholds of the garbage collector. An approval leaves some five objects behind until its reservation ends, which
must not be walked over and over: a collection of the young takes about 2 ms, one of the old tens of them."""

_PROBED = subjects.decision_record(STRATEGY)

_log = structlog.stdlib.get_logger()


@contextlib.contextmanager
def logging_of(settings: Settings) -> Generator[log.LineWriter]:
    """Log for as long as the block lasts, and write what waits at its end; what ends it untimely is logged too."""
    lines = log.configure(settings.log_level, settings.instance)
    try:
        yield lines
    except Exception:
        _log.exception("gate_failed")
        raise
    finally:
        lines.close()


async def serve(nurse: Nurse) -> None:
    """Serve intents until SIGTERM or SIGINT, then answer what is in hand and leave.

    Raises `OSError` if the HTTP port is taken.
    """
    stop = _stop_on_signals()
    settings = nurse.settings
    port = await nurse.health.start()
    announcer = log.announcer(nurse.lines, settings.instance)
    announcer.info("http_listening", host=settings.http_host, port=port, version=__version__)
    if nurse.primal is not None and not nurse.primal.signed:
        nurse.alerts.tell(primal.built_in_alert(nurse.primal, settings.instance, nurse.clock.now()))
    async with asyncio.TaskGroup() as tasks:
        running = [
            tasks.create_task(work)
            for work in (
                nurse.mirror.run(),
                nurse.inputs.run(),
                _take_intents(nurse),
                nurse.intake.run(),
                nurse.alerts.run(),
                nurse.halts.run(),
                nurse.restriction.run(),
                nurse.troubles.run(),
                _turn(nurse),
                nurse.recording.run(),
                _keep_record_stream(nurse),
                Apart(partial(_beat, nurse)).run(),
                _settle_when_store_is_back(nurse),
                _check_itself(nurse),
                _announce_ready(nurse),
            )
        ]
        await stop.wait()
        await _drain(nurse)
        for task in running:
            task.cancel()
    await nurse.close()


async def _take_intents(nurse: Nurse) -> None:
    # A replica that joins before it has read policy and inputs would veto what the others approve. Without any it joins
    # all the same, for the sake of exits.
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(POLICY_GRACE_SECONDS):
            await nurse.mirror.until_loaded()
            await nurse.inputs.until_read()
    await nurse.intents.run()


async def _keep_record_stream(nurse: Nurse) -> None:
    # The stream may be made late, or be lost: until it stands, nothing opens, and the heartbeat says so although no
    # intent may come for which a record would tell.
    while nurse.settings.audit != "off":
        await asyncio.sleep(POLL_SECONDS)
        if nurse.recording.enabled and not (nurse.record_stream.stands and nurse.recording.available):
            await nurse.intents.prepare()
            gone = not nurse.record_stream.stands
            nurse.recording.note_stream(await nurse.record_probe.refusal_of(_PROBED, b"{}", STRATEGY) if gone else "")


async def _turn(nurse: Nurse) -> None:
    # The heartbeat has a loop of its own and would go on for a gate whose loop stands still; this tells it.
    while True:
        nurse.turned_at = nurse.clock.seconds()
        await asyncio.sleep(TURN_SECONDS)


async def _beat(nurse: Nurse) -> None:
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(nurse.pulse.run())
        await nurse.pulse.until_listening()
        await nurse.heartbeat.run()


async def _settle_when_store_is_back(nurse: Nurse) -> None:
    # Otherwise the store would learn of it with this replica's next approval, and another one might see the repetition
    # first.
    while True:
        await asyncio.sleep(POLL_SECONDS)
        if nurse.mirror.standing.store_up:
            await nurse.ledger.settle()


async def _check_itself(nurse: Nurse) -> None:
    await nurse.intents.until_listening()
    await nurse.self_check.run()


async def _announce_ready(nurse: Nurse) -> None:
    await nurse.intents.until_listening()
    await nurse.mirror.until_loaded()
    with contextlib.suppress(StoreError):
        # Loads the script, so that the first approval does not pay for it.
        await nurse.ledger_store.claim([], nurse.clock.now().date())
    await nurse.self_check.until_passed()
    # What was built so far stays for good, and decisions leave no cycles behind: keeping the collector from walking the
    # one, and from walking what is on its way again and again, avoids pauses under load.
    gc.collect()
    gc.freeze()
    gc.set_threshold(*COLLECT_AFTER)
    _, facts = nurse.readiness.now()
    _log.info("ready", **{name: value for name, value in facts.items() if name != "inputs"})
    if nurse.inputs.off:
        _log.info("inputs_not_configured", off=list(nurse.inputs.off))


async def _drain(nurse: Nurse) -> None:
    _log.info("draining", waiting=nurse.lanes.waiting)
    try:
        async with asyncio.timeout(nurse.settings.drain_seconds):
            await nurse.intents.stop_listening()
            await nurse.intake.drained()
            await nurse.recording.drained()
            await nurse.ledger.settle()
            if nurse.intents.connected:
                await nurse.intents.flush()
    except TimeoutError:
        _log.error("drain_timed_out", unanswered=nurse.lanes.waiting)
    except TransportUnavailableError as error:
        _log.warning("drain_not_confirmed", reason=str(error))
    _log.info("stopped")


def _stop_on_signals() -> asyncio.Event:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    return stop
