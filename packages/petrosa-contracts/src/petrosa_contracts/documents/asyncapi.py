"""The AsyncAPI 3.0 document of the wire, built from the registry of channels and the models' JSON Schemas.

Operations are seen from the gate (from the recorder where the gate takes no part): what it receives, sends and answers.
https://www.asyncapi.com/docs/reference/specification/v3.0.0
"""

from copy import deepcopy
from typing import Any, cast

from petrosa_contracts.documents.channels import ACTION, CHANNELS, STRATEGY, Channel, Direction
from petrosa_contracts.documents.schemas import component_schemas
from petrosa_contracts.tracing import LEGACY_PAYLOAD_FIELD, PAYLOAD_FIELD, TRACEPARENT_PATTERN

WIRE_VERSION = "1.0.0"
"""Version of the messages described here; it grows when one of them changes, whatever the packages' versions are."""

_CONTENT_TYPE = "application/json"
_REPLIES = "replies"
_QUESTION = "Question"
_STREAM_EVENT = "StreamEvent"
_INTENT = "Intent"
_APPROVED_SIGNAL = "ApprovedSignal"

_TRACE_CONTEXT = {
    "title": "TraceContext",
    "description": "W3C trace context, https://www.w3.org/TR/trace-context/. An empty object carries none.",
    "type": "object",
    "properties": {
        "traceparent": {"type": "string", "pattern": f"^{TRACEPARENT_PATTERN}$"},
        "tracestate": {"type": "string", "minLength": 1, "maxLength": 512},
    },
}

_TRACE_CONTEXT_REF = {"$ref": "#/components/schemas/TraceContext"}

_INTENT_FIELDS = {
    "title": "IntentFields",
    "description": "What an intent may say beside the fields of a Signal. Other fields are passed on unread.",
    "type": "object",
    "properties": {
        "intent_id": {
            "type": ["string", "null"],
            "description": "Identity, ahead of `signal_id` and `id`; one that was approved is not approved again.",
        },
        "recommended_leverage": {
            "type": ["number", "null"],
            "minimum": 0,
            "description": "Leverage the strategy would like, x; above the bound of policy it is vetoed.",
        },
        PAYLOAD_FIELD: _TRACE_CONTEXT_REF,
        LEGACY_PAYLOAD_FIELD: _TRACE_CONTEXT_REF,
    },
}

_APPROVED_SIGNAL_FIELDS = {
    "title": "ApprovedSignalFields",
    "description": "What every approved signal carries.",
    "type": "object",
    "properties": {
        "decision_id": {
            "type": "string",
            "pattern": "^[0-9a-f]{32}$",
            "description": "Id of the verdict that let it pass.",
        },
        PAYLOAD_FIELD: _TRACE_CONTEXT_REF,
    },
    "required": ["decision_id", PAYLOAD_FIELD],
}

_WRAPPED_EVENT = {
    "type": "object",
    "properties": {
        "stream": {
            "type": "string",
            "description": "The exchange's name of the stream.",
            "examples": ["btcusdt@trade"],
        },
        "data": {"type": "object", "description": "The exchange's event as it came."},
    },
    "required": ["stream", "data"],
}

_PARAMETERS = {
    ACTION: {
        "description": "What the alert is about, as one token.",
        "examples": ["primal"],
    },
    STRATEGY: {
        "description": "The strategy id as one token: ASCII letters, digits, `_`, `-`; all else becomes `_`.",
        "examples": ["momentum_v1", "Iceberg_Order_Detector"],
    },
}


def asyncapi_document() -> dict[str, Any]:
    """Return the document as plain JSON types; changing it changes nothing else."""
    document = {
        "asyncapi": "3.0.0",
        "info": {
            "title": "petrosa-cio",
            "version": WIRE_VERSION,
            "description": "What the trading fleet says over NATS, seen from the gate that decides on trade intents.",
            "license": {"name": "Apache-2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0"},
        },
        "defaultContentType": _CONTENT_TYPE,
        "channels": _channels(),
        "operations": {_operation_name(channel): _operation(channel) for channel in CHANNELS},
        "components": {"messages": _messages(), "schemas": _schemas()},
    }
    return deepcopy(document)


def _channels() -> dict[str, Any]:
    channels: dict[str, Any] = {}
    for channel in CHANNELS:
        described = channels.setdefault(_channel_name(channel), _channel(channel))
        described["messages"][_message_name(channel)] = _message_ref(_message_name(channel))
    channels[_REPLIES] = {
        "address": None,
        "title": "Replies",
        "description": "The reply subject that the asking message brought along.",
        "messages": {name: _message_ref(name) for name in sorted(_reply_names())},
    }
    return channels


def _channel(channel: Channel) -> dict[str, Any]:
    described: dict[str, Any] = {
        "address": channel.address,
        "title": channel.title,
        "description": channel.description,
        "messages": {},
        "x-nats-subscription": channel.subscription,
    }
    if parameters := {name: text for name, text in _PARAMETERS.items() if f"{{{name}}}" in channel.address}:
        described["parameters"] = parameters
    return described


def _operation_name(channel: Channel) -> str:
    return f"{channel.direction}_{channel.name}"


def _operation(channel: Channel) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "action": str(channel.direction),
        "channel": _channel_ref(_channel_name(channel)),
        "title": channel.title,
        "description": channel.description,
        "messages": [_channel_message_ref(_channel_name(channel), _message_name(channel))],
        "x-senders": _roles(channel, Direction.SEND),
        "x-receivers": _roles(channel, Direction.RECEIVE),
    }
    if channel.reply is not None:
        operation["reply"] = {
            "channel": _channel_ref(_REPLIES),
            "messages": [_channel_message_ref(_REPLIES, channel.reply.__name__)],
        }
    if channel.queue_group is not None:
        operation["bindings"] = {"nats": {"queue": channel.queue_group, "bindingVersion": "0.1.0"}}
    if channel.deprecated:
        operation["tags"] = [{"name": "deprecated"}]
    return operation


def _roles(channel: Channel, direction: Direction) -> list[str]:
    return sorted(str(role) for role, taken in channel.directions.items() if taken is direction)


def _messages() -> dict[str, Any]:
    traced = {"headers": _TRACE_CONTEXT_REF}
    messages: dict[str, Any] = {
        _INTENT: {
            "title": "Trade intent",
            "summary": "What a strategy wants done. The headers' trace context speaks before the payload's.",
            **traced,
            "payload": {"allOf": [_schema_ref("Signal"), _schema_ref("IntentFields")]},
        },
        _APPROVED_SIGNAL: {
            "title": "Approved signal",
            "summary": "An intent that passed, for the order engine.",
            **traced,
            "payload": {"allOf": [_schema_ref("Signal"), _schema_ref("ApprovedSignalFields")]},
        },
        _QUESTION: {
            "title": "Question",
            "summary": "Any message with a reply subject.",
            "payload": {"description": "Not read."},
        },
        _STREAM_EVENT: {
            "title": "Stream event",
            "summary": "One event of the exchange's stream, in the socket client's wrapper.",
            "payload": _WRAPPED_EVENT,
        },
        "Verdict": {
            "title": "Verdict",
            "summary": "What was decided about one intent, and why.",
            "payload": _schema_ref("Verdict"),
        },
        "DecisionRecord": {
            "title": "Record of a decision",
            "summary": "One decision with all that it rested on.",
            "payload": _schema_ref("DecisionRecord"),
        },
        "FailSafeReport": {
            "title": "Fail-safe report",
            "summary": "What a bot let through while the gate did not answer.",
            "payload": _schema_ref("FailSafeReport"),
        },
        "ExecutionEvent": {
            "title": "Execution event",
            "summary": "What became of an order.",
            "payload": _schema_ref("ExecutionEvent"),
        },
        "Alert": {
            "title": "Alert",
            "summary": "What needs somebody's attention.",
            "payload": _schema_ref("Alert"),
        },
        "GovernanceHeartbeat": {
            "title": "Governance heartbeat",
            "summary": "How the gate is.",
            "payload": _schema_ref("GovernanceHeartbeat"),
        },
    }
    for name, message in messages.items():
        message |= {"name": name, "contentType": _CONTENT_TYPE}
    return messages


def _schemas() -> dict[str, Any]:
    models = {model for channel in CHANNELS for model in (channel.payload, channel.reply) if model is not None}
    return {
        **_in_draft_7(component_schemas(models, ref_template="#/components/schemas/{model}")),
        "ApprovedSignalFields": _APPROVED_SIGNAL_FIELDS,
        "IntentFields": _INTENT_FIELDS,
        "TraceContext": _TRACE_CONTEXT,
    }


def _in_draft_7(part: Any) -> Any:
    """Write tuples as draft 7 of JSON Schema does, on which AsyncAPI builds."""
    if isinstance(part, dict):
        words = cast("dict[str, Any]", part)
        return {"items" if word == "prefixItems" else word: _in_draft_7(value) for word, value in words.items()}
    return [_in_draft_7(value) for value in cast("list[Any]", part)] if isinstance(part, list) else part


def _channel_name(channel: Channel) -> str:
    # AsyncAPI describes a subject once, with all its messages, so the first channel of an address names it.
    return next(other.name for other in CHANNELS if other.address == channel.address)


def _message_name(channel: Channel) -> str:
    if channel.payload is None:
        return _QUESTION if channel.reply is not None else _STREAM_EVENT
    if channel.payload.__name__ == "Signal":
        return _INTENT if channel.direction is Direction.RECEIVE else _APPROVED_SIGNAL
    return channel.payload.__name__


def _reply_names() -> set[str]:
    return {channel.reply.__name__ for channel in CHANNELS if channel.reply is not None}


def _channel_ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/channels/{name}"}


def _channel_message_ref(channel: str, message: str) -> dict[str, str]:
    return {"$ref": f"#/channels/{channel}/messages/{message}"}


def _message_ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/messages/{name}"}


def _schema_ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}
