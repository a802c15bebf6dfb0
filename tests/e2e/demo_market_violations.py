"""Ways to spoil a good play so that a fact about market, regime or portfolio turns false."""

from decimal import Decimal

from demo.ledger import Answered, BooksRead, Delivered, Judged, Ledger, MarketChanged, Pulse, RegimesRead, Traded
from demo.market import FALLEN, Phase
from demo.market_facts import books_agree, daily_loss_held, fail_safe_recovered, phantom_refused, regime_obeyed
from petrosa_contracts import Code, GovernanceStatus, Mode, VolatilityPhase
from tests.e2e.demo_plays import BTC, NOON, a_regime, a_verdict, anything, approve, change, drop, of, phase


def regimes_that_nobody_read(ledger: Ledger) -> None:
    drop(ledger, RegimesRead, anything)


def a_night_in_which_nothing_fell(ledger: Ledger) -> None:
    calm = {BTC: a_regime(VolatilityPhase.NORMAL), FALLEN: a_regime(VolatilityPhase.HIGH)}
    change(ledger, RegimesRead, anything, regimes=calm)


def an_entry_into_what_fell(ledger: Ledger) -> None:
    ledger.record(Judged(at=99.0, verdict=a_verdict("another dip", symbol=FALLEN)))


def an_entry_into_what_fell_refused_for_something_else(ledger: Ledger) -> None:
    change(ledger, Judged, of("dip"), verdict=a_verdict("dip", symbol=FALLEN, vetoed=Code.CONFIDENCE_LOW))


def what_fell_could_not_be_closed(ledger: Ledger) -> None:
    refused = a_verdict("out of the dip", symbol=FALLEN, action="close", vetoed=Code.HALT_ACTIVE)
    change(ledger, Judged, of("out of the dip"), verdict=refused)


def a_regime_in_the_way_of_a_calm_symbol(ledger: Ledger) -> None:
    ledger.record(Judged(at=99.0, verdict=a_verdict("calm", vetoed=Code.REGIME_SIZE)))


def a_phantom_that_was_never_tried(ledger: Ledger) -> None:
    drop(ledger, Answered, of("phantom"))


def a_phantom_that_passed(ledger: Ledger) -> None:
    approve(ledger, "phantom")


def a_phantom_refused_for_something_else(ledger: Ledger) -> None:
    change(ledger, Answered, of("phantom"), verdict=a_verdict("phantom", vetoed=Code.CONFIDENCE_LOW))


def a_live_order_that_was_refused_too(ledger: Ledger) -> None:
    change(ledger, Answered, of("live"), verdict=a_verdict("live", vetoed=Code.CONFIDENCE_LOW))


def prices_that_never_froze(ledger: Ledger) -> None:
    drop(ledger, MarketChanged, phase(Phase.FROZEN))


def prices_that_stayed_frozen(ledger: Ledger) -> None:
    drop(ledger, MarketChanged, phase(Phase.CALM))


def a_gate_that_never_became_careful(ledger: Ledger) -> None:
    change(ledger, Judged, of("careful"), verdict=a_verdict("careful"))


def a_gate_that_was_careful_only_after_it_closed(ledger: Ledger) -> None:
    change(ledger, Judged, of("frozen out"), verdict=a_verdict("frozen out", vetoed=Code.CONFIDENCE_LOW))


def a_frozen_market_without_an_exit(ledger: Ledger) -> None:
    refused = a_verdict("exit while frozen", action="close", vetoed=Code.MARKET_STALE)
    change(ledger, Judged, of("exit while frozen"), verdict=refused)


def a_heartbeat_that_said_nothing_of_it(ledger: Ledger) -> None:
    drop(ledger, Pulse, lambda event: event.status is GovernanceStatus.DEGRADED)


def a_heartbeat_that_stayed_degraded(ledger: Ledger) -> None:
    degraded = GovernanceStatus.DEGRADED
    last = ledger.of(Pulse)[-1]
    change(ledger, Pulse, lambda event: event is last, status=degraded)


def a_gate_that_stayed_careful(ledger: Ledger) -> None:
    (thawed,) = [event.at for event in ledger.of(MarketChanged) if event.phase is Phase.CALM]
    for judged in [event for event in ledger.of(Judged) if event.at > thawed]:
        careful = judged.verdict.model_copy(update={"mode": Mode.CONSERVATIVE})
        change(ledger, Judged, lambda event, judged=judged: event is judged, verdict=careful)


def a_loss_that_never_was(ledger: Ledger) -> None:
    drop(ledger, Judged, of("into the loss"))


def an_entry_after_the_loss(ledger: Ledger) -> None:
    (losing,) = [event.verdict.received_at for event in ledger.of(Judged) if of("into the loss")(event)]
    ledger.record(Judged(at=99.0, verdict=a_verdict("late", received_at=losing)))


def a_loss_within_the_limit(ledger: Ledger) -> None:
    (losing,) = [event.verdict for event in ledger.of(Judged) if of("into the loss")(event)]
    within = losing.breaches[0].model_copy(update={"measured": 0.05})
    change(ledger, Judged, of("into the loss"), verdict=losing.model_copy(update={"breaches": (within,)}))


def a_loss_that_nobody_could_leave(ledger: Ledger) -> None:
    drop(ledger, Delivered, of("out of the loss"))


def an_exit_only_before_the_loss(ledger: Ledger) -> None:
    early = a_verdict("out of the loss", action="close", received_at=NOON)
    change(ledger, Judged, of("out of the loss"), verdict=early)


def an_approved_entry_that_was_not_filled(ledger: Ledger) -> None:
    drop(ledger, Traded, of("live"))


def books_that_nobody_compared(ledger: Ledger) -> None:
    drop(ledger, BooksRead, anything)


def a_portfolio_that_lacks_a_position(ledger: Ledger) -> None:
    change(ledger, BooksRead, anything, portfolio={})


def a_portfolio_with_one_position_more(ledger: Ledger) -> None:
    (books,) = ledger.of(BooksRead)
    change(ledger, BooksRead, anything, portfolio={**books.portfolio, (BTC, "SHORT"): Decimal(1)})


def a_tracker_that_tells_of_a_difference(ledger: Ledger) -> None:
    change(ledger, BooksRead, anything, differences=("BTCUSDT LONG",))


VIOLATIONS = [
    (regime_obeyed, regimes_that_nobody_read),
    (regime_obeyed, a_night_in_which_nothing_fell),
    (regime_obeyed, an_entry_into_what_fell),
    (regime_obeyed, an_entry_into_what_fell_refused_for_something_else),
    (regime_obeyed, what_fell_could_not_be_closed),
    (regime_obeyed, a_regime_in_the_way_of_a_calm_symbol),
    (phantom_refused, a_phantom_that_was_never_tried),
    (phantom_refused, a_phantom_that_passed),
    (phantom_refused, a_phantom_refused_for_something_else),
    (phantom_refused, a_live_order_that_was_refused_too),
    (fail_safe_recovered, prices_that_never_froze),
    (fail_safe_recovered, prices_that_stayed_frozen),
    (fail_safe_recovered, a_gate_that_never_became_careful),
    (fail_safe_recovered, a_gate_that_was_careful_only_after_it_closed),
    (fail_safe_recovered, a_frozen_market_without_an_exit),
    (fail_safe_recovered, a_heartbeat_that_said_nothing_of_it),
    (fail_safe_recovered, a_heartbeat_that_stayed_degraded),
    (fail_safe_recovered, a_gate_that_stayed_careful),
    (daily_loss_held, a_loss_that_never_was),
    (daily_loss_held, an_entry_after_the_loss),
    (daily_loss_held, a_loss_within_the_limit),
    (daily_loss_held, a_loss_that_nobody_could_leave),
    (daily_loss_held, an_exit_only_before_the_loss),
    (books_agree, an_approved_entry_that_was_not_filled),
    (books_agree, books_that_nobody_compared),
    (books_agree, a_portfolio_that_lacks_a_position),
    (books_agree, a_portfolio_with_one_position_more),
    (books_agree, a_tracker_that_tells_of_a_difference),
]
