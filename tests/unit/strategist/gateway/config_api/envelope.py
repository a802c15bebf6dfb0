"""What the fleet's clients send to its config API, and the envelope that they must get back."""

from typing import Any

from tests.unit.strategist.gateway.door import WHY, Door

CONFIG = "/api/v1/config"
ENVELOPE = {"success", "data", "error", "metadata"}


def update(**parameters: object) -> dict[str, Any]:
    return {"parameters": parameters, "changed_by": "ops-console", "from_the_future": 1, **WHY}


async def asked(door: Door, method: str, path: str, **sent: Any) -> dict[str, Any]:
    """Ask for something that is answered in an envelope."""
    answer = await door.ask(method, f"{CONFIG}{path}", **sent)
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert set(body) - {"message"} == ENVELOPE
    assert (body["error"] is None) is body["success"]
    return body


async def refused(door: Door, code: str, method: str, path: str, **sent: Any) -> dict[str, Any]:
    """Ask for something that is refused in the envelope, and return the error."""
    body = await asked(door, method, path, **sent)
    assert (body["success"], body["data"], body["error"]["code"]) == (False, None, code)
    assert body["error"]["message"]
    return body["error"]


def filter_update(**parameters: object) -> dict[str, Any]:
    return {"filters": parameters, "changed_by": "ops-console", "unknown": 1, **WHY}
