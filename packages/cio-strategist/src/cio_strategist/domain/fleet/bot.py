"""A bot of the fleet, and the config operations it offers."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from cio_strategist.domain.access.caller import Permission
from cio_strategist.errors import UsageError

LONGEST_BOT_NAME = 32
"""Characters a bot's name may have."""
LONGEST_TOOL_NAME = 64
"""Characters a tool's name may have, bot and separator included."""
SEPARATOR = "__"
"""Between a bot's name and an operation's. No bot's name holds it or ends with a part of it."""
AUTHOR_FIELDS = ("changed_by", "transitioned_by")
"""What the bots call whoever signs a change. Filled in when the caller leaves it out."""
REASON_FIELD = "reason"
"""What the bots call the reason of a change. Filled in likewise."""
THOUGHT_FIELD = "thought_trace"
"""What this gateway calls the reasoning behind a change. The bots know nothing of it."""
BODY = "body"
"""Name of the argument that holds a request's body."""

_NAME = re.compile(r"[A-Za-z0-9_-]+")
_BASE_URL = re.compile(
    r"https?://([A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?|\[[0-9a-fA-F:.]+\])(:(?P<port>[0-9]{1,5}))?"
    r"(/(?!\.\.?(/|$))[A-Za-z0-9._~-]+)*/?"
)
_LAST_PORT = 65535
_FILLED_IN = "Filled in by the gateway when left out."


@dataclass(frozen=True, slots=True)
class Bot:
    """A registered bot. Raises `UsageError` for a name or an address that cannot be."""

    name: str
    """Letters, digits, `_` and `-`, at most 32. Neither `__` in it nor `_` at its end, since `__` ends it in a tool."""
    base_url: str
    """Where its routes begin, such as `http://petrosa-ta-bot-service:80`; without credentials, query and fragment."""

    def __post_init__(self) -> None:
        name = self.name
        if not _NAME.fullmatch(name) or len(name) > LONGEST_BOT_NAME or SEPARATOR in name or name.endswith("_"):
            raise UsageError(
                f"{name[:80]!r} cannot be a bot's name: take at most {LONGEST_BOT_NAME} letters, digits, - and _, "
                "without two _ in a row and none at the end"
            )
        found = _BASE_URL.fullmatch(self.base_url)
        if found is None or int(found["port"] or 0) > _LAST_PORT:
            # Not shown, because it may hold a password.
            raise UsageError(f"the address of bot {name} must look like http://host:port, without user, query or '..'")

    @property
    def root(self) -> str:
        """Its address without a slash at the end."""
        return self.base_url.rstrip("/")


class Place(StrEnum):
    """Where a parameter goes."""

    PATH = "path"
    QUERY = "query"


@dataclass(frozen=True, slots=True)
class BotParameter:
    """One parameter of an operation, apart from its body."""

    name: str
    place: Place
    schema: Mapping[str, Any]
    required: bool
    description: str = ""

    @property
    def takes_many(self) -> bool:
        """Whether it may be given several times."""
        return any(form.get("type") == "array" for form in (self.schema, *self.schema.get("anyOf", ())))


@dataclass(frozen=True, slots=True)
class BotOperation:
    """One config route of a bot, named so that a caller can ask for it."""

    bot: str
    """Name of the bot."""
    name: str
    """Unique within the bot, and fit to be part of a tool's name."""
    method: str
    """In upper case."""
    path: str
    """Template such as `/api/v1/strategies/{strategy_id}/config`, below the bot's base URL."""
    summary: str = ""
    description: str = ""
    parameters: tuple[BotParameter, ...] = ()
    body: Mapping[str, Any] | None = None
    """JSON schema of the body, every reference resolved; None if it takes none."""
    body_required: bool = False
    writes: bool = field(default=False)
    """Whether it may change something. Dry-run validation is a POST and changes nothing."""

    @property
    def tool(self) -> str:
        """Name of the tool that stands for it."""
        return f"{self.bot}{SEPARATOR}{self.name}"

    @property
    def permission(self) -> Permission:
        """What it takes to call it: `config:write` for everything but a GET.

        Validation included, because the bots count it against the quota of changes, which nobody unknown may use up.
        """
        return Permission.READ if self.method == "GET" else Permission.WRITE

    def parameter(self, name: str) -> BotParameter | None:
        """Return the path or query parameter of that name."""
        return next((parameter for parameter in self.parameters if parameter.name == name), None)

    @property
    def body_fields(self) -> Mapping[str, Any]:
        """Fields that the body's schema names, with their schemas."""
        fields: Mapping[str, Any] = (self.body or {}).get("properties", {})
        return fields

    @property
    def input_schema(self) -> dict[str, Any]:
        """JSON schema of the arguments of a call: path and query parameters by name, and `body`.

        What the gateway fills in (who changes, and why) is not required.
        """
        properties: dict[str, Any] = {}
        required: list[str] = []
        for parameter in self.parameters:
            filled = self._is_filled_in(parameter.name)
            properties[parameter.name] = _described(parameter.schema, parameter.description, filled=filled)
            if parameter.required and not filled:
                required.append(parameter.name)
        if self.body is not None:
            properties[BODY] = body = self._body_to_give(self.body)
            if self.body_required and (body.get("required") or body.get("type") != "object"):
                required.append(BODY)
        return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}

    @property
    def tool_schema(self) -> dict[str, Any]:
        """`input_schema` as a tool has it: what writes also takes `reason` and `thought_trace`, both required.

        Take both out of the arguments and put them into the `ChangeRequest`; the bot's own `reason` is filled from it.
        """
        schema = self.input_schema
        if not self.writes:
            return schema
        properties = schema["properties"] | {
            REASON_FIELD: {"type": "string", "description": "Why, in a few words. Kept in the bot's audit trail."},
            THOUGHT_FIELD: {
                "type": "string",
                "description": "What was observed, what it means, and why this change answers it.",
            },
        }
        wanted = [name for name in schema["required"] if name not in {REASON_FIELD, THOUGHT_FIELD}]
        return schema | {"properties": properties, "required": [*wanted, REASON_FIELD, THOUGHT_FIELD]}

    def _is_filled_in(self, name: str) -> bool:
        return self.method != "GET" and (name in AUTHOR_FIELDS or name == REASON_FIELD)

    def _body_to_give(self, body: Mapping[str, Any]) -> dict[str, Any]:
        fields = {
            name: _described(schema, schema.get("description", ""), filled=self._is_filled_in(name))
            for name, schema in self.body_fields.items()
        }
        required = [name for name in body.get("required", []) if not self._is_filled_in(name)]
        shown = {key: value for key, value in body.items() if key not in {"properties", "required"}}
        return shown | ({"properties": fields} if fields else {}) | ({"required": required} if required else {})


def _described(schema: Mapping[str, Any], description: str, *, filled: bool) -> dict[str, Any]:
    if filled and description and not description.endswith((".", "!", "?")):
        description = f"{description}."
    text = f"{description} {_FILLED_IN}".strip() if filled else description
    return {**schema, "description": text} if text else dict(schema)


@dataclass(frozen=True, slots=True)
class BotApi:
    """What a bot's OpenAPI document offers."""

    operations: tuple[BotOperation, ...]
    notes: tuple[str, ...] = ()
    """What is not offered, and why. One sentence each."""

    def operation(self, name: str) -> BotOperation | None:
        """Return the operation of that name."""
        return next((operation for operation in self.operations if operation.name == name), None)
