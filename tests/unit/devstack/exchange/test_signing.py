import hashlib
import hmac

import pytest

from devstack.exchange.parameters import Parameters
from devstack.exchange.refusals import RefusedError
from devstack.exchange.signing import Credentials

NOW = 1_700_000_000_000
CREDENTIALS = Credentials("key", "secret")


def check(*, key: str = "key", query: str = "", body: str = "", now: int = NOW, **texts: str) -> None:
    parameters = Parameters({"timestamp": str(NOW), **texts})
    CREDENTIALS.check(sent_key=key, query=query, body=body, parameters=parameters, now=now)


def code_of(**request: object) -> int:
    with pytest.raises(RefusedError) as refusal:
        check(**request)
    return refusal.value.code


def test_a_signature_over_query_and_body_passes_wherever_it_stands() -> None:
    signature = hmac.new(b"secret", b"a=1b=2", hashlib.sha256).hexdigest()
    check(query="a=1", body=f"b=2&signature={signature}", signature=signature)
    check(query=f"a=1&signature={signature}", body="b=2", signature=signature)


def test_a_missing_or_wrong_key_or_signature_is_refused() -> None:
    assert code_of(key="") == -2014
    assert code_of(key="other") == -2015
    assert code_of() == -1102
    assert code_of(query="a=1", signature=CREDENTIALS.sign("a=2")) == -1022
    assert code_of(query="a=1", signature="ä") == -1022


@pytest.mark.parametrize(
    ("late", "window", "code"),
    [(5001, None, -1021), (-1000, None, -1021), (101, "100", -1021), (0, "60001", -1131), (0, "soon", -1102)],
)
def test_a_request_out_of_its_time_is_refused(late: int, window: str | None, code: int) -> None:
    texts = {} if window is None else {"recvWindow": window}
    assert code_of(now=NOW + late, signature=CREDENTIALS.sign(""), **texts) == code


@pytest.mark.parametrize("late", [5000, 0, -999])
def test_a_request_at_the_edge_of_its_time_passes(late: int) -> None:
    check(now=NOW + late, signature=CREDENTIALS.sign(""))
