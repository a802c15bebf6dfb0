"""The gauges of the gate: what is read off its parts whenever metrics are scraped."""

from collections.abc import Callable

from cio_decision.freshness import Input
from cio_nurse.adapters.telemetry import Telemetry
from cio_nurse.service.inputs import LiveInputs
from cio_nurse.service.lanes import Lanes
from cio_nurse.service.ledger import Ledger
from cio_nurse.service.mirror import Mirror
from cio_nurse.service.portfolio_troubles import PortfolioTroubles
from cio_nurse.service.recording import Recording
from cio_nurse.service.self_check import SelfCheck
from cio_nurse.service.silent_halt import SilentHalts
from petrosa_contracts.primal.file import PrimalStanding


def expose(
    telemetry: Telemetry,
    *,
    mode: Callable[[], str],
    lanes: Lanes,
    mirror: Mirror,
    inputs: LiveInputs,
    ledger: Ledger,
    recording: Recording,
    primal: PrimalStanding | None,
    self_check: SelfCheck,
    halts: SilentHalts,
    troubles: PortfolioTroubles,
    connected: Callable[[], bool],
    log_lines_dropped: Callable[[], float],
) -> None:
    """Have `telemetry` show how the parts of a gate stand."""
    telemetry.watch_mode(mode)
    telemetry.watch("lane_depth", "Intents waiting in the fullest lane.", lambda: lanes.deepest)
    telemetry.watch("queue_depth", "Intents waiting in all lanes.", lambda: lanes.waiting)
    telemetry.watch(
        "snapshot_age_seconds",
        "Seconds since the store confirmed the policy in force; -1 if it never did.",
        lambda: -1.0 if mirror.policy_age_seconds is None else mirror.policy_age_seconds,
    )
    for name in Input:
        telemetry.watch_input(
            name,
            standing=lambda name=name: inputs.standing(name),
            refused=lambda name=name: inputs.refused(name),
        )
    telemetry.watch(
        "policy_epoch",
        "Policy epoch in force; -1 for none.",
        lambda: -1.0 if mirror.view.epoch is None else mirror.view.epoch,
    )
    telemetry.watch("store_up", "1 while Redis answers.", lambda: float(mirror.standing.store_up))
    telemetry.watch("nats_connected", "1 while NATS is connected.", lambda: float(connected()))
    telemetry.watch("ledger_unsettled", "Approvals that Redis does not know yet.", lambda: ledger.unsettled)
    telemetry.watch(
        "primal_signed",
        "1 while the signed file's primal limits hold, 0 while the built-in tightest do, -1 without primal limits.",
        lambda: -1.0 if primal is None else float(primal.signed),
    )
    telemetry.watch("self_check_passed", "1 once the self-check has passed.", lambda: float(self_check.passed))
    for kind in halts.kinds:
        telemetry.watch_halt(kind, lambda kind=kind: float(halts.lasts(kind)))
    for kind in troubles.kinds:
        telemetry.watch_trouble(kind, lambda kind=kind: float(troubles.lasts(kind)))
    telemetry.watch("records_outstanding", "Records not acknowledged yet.", lambda: recording.outstanding)
    telemetry.watch("records_backlog", "Records in the journal.", lambda: recording.backlog.waiting)
    telemetry.watch("log_lines_dropped", "Log lines that found no room.", log_lines_dropped)
