from bench.replay import made
from cio_strategist.domain.decisions.whatif import Outcome, PolicyPatch, try_patch


def test_the_records_of_the_benchmark_are_real_decisions_that_a_patch_changes() -> None:
    bodies = made(100)
    assert len(bodies) == 100
    tally = try_patch(bodies, PolicyPatch.read({"global": {"max_position_size_usd": 10}}))
    assert tally.outcomes[Outcome.LOST] == 70
    assert tally.outcomes[Outcome.NOT_REPRODUCED] == 0
