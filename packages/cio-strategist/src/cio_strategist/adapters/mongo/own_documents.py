"""Documents of the collections that no engine knows, from and to models. Pure."""

import json
from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from cio_strategist.adapters.mongo.values import NO_TIME, Document, read_count, read_text, read_time, to_text
from cio_strategist.domain.access.token import StoredToken
from cio_strategist.domain.policy.proposal import Proposal
from cio_strategist.domain.policy.stored import Answer
from cio_strategist.errors import StoreUnreadableError

ModelT = TypeVar("ModelT", bound=BaseModel)


def proposal_document(proposal: Proposal) -> dict[str, Any]:
    """Return the document of a proposal."""
    return _document(proposal, "proposed_at", "decided_at")


def read_proposal(document: Document) -> Proposal:
    """Read a proposal. Raises `StoreUnreadableError` if it is damaged."""
    return _read(Proposal, document)


def read_pending(documents: Iterable[Document]) -> dict[str, Proposal]:
    """Read proposals by id, leaving damaged ones out: they cannot be decided, and must not stop other changes."""
    found: dict[str, Proposal] = {}
    for document in documents:
        try:
            proposal = read_proposal(document)
        except StoreUnreadableError:
            continue
        found[proposal.id] = proposal
    return found


def token_document(token: StoredToken) -> dict[str, Any]:
    """Return the document of a token."""
    return _document(token, "created_at", "expires_at", "revoked_at")


def read_token(document: Document) -> StoredToken:
    """Read a token. Raises `StoreUnreadableError` if it is damaged."""
    return _read(StoredToken, document)


def answer_document(answer: Answer) -> dict[str, Any]:
    """Return the document of an answer."""
    return {"_id": answer.key, "fingerprint": answer.fingerprint, "outcome": answer.outcome, "at": answer.at}


def read_answer(document: Document) -> Answer:
    """Read an answer."""
    return Answer(
        key=str(document.get("_id")),
        fingerprint=read_text(document.get("fingerprint")) or "",
        outcome=read_text(document.get("outcome")) or "",
        at=read_time(document.get("at")) or NO_TIME,
    )


def control_document(key: str, text: str) -> dict[str, Any]:
    """Return the document of a control entry, given as the JSON text that Redis keeps; times stay the text they are."""
    fields: dict[str, Any] = json.loads(text)
    return {**fields, "_id": key}


def read_controls(documents: Iterable[Document]) -> dict[str, str]:
    """Read control entries as JSON text by scope key. What cannot be is passed on, for the reader of control."""
    return {
        str(document.get("_id")): to_text({name: value for name, value in document.items() if name != "_id"})
        for document in documents
    }


def read_versions(documents: Iterable[Document]) -> dict[str, str]:
    """Read the last versions by scope key, as text."""
    found: dict[str, str] = {}
    for document in documents:
        version = document.get("version")
        count = read_count(version)
        found[str(document.get("_id"))] = str(version if count is None else count)
    return found


def _document(model: BaseModel, *times: str) -> dict[str, Any]:
    fields: Mapping[str, Any] = {**model.model_dump(mode="json"), **{name: getattr(model, name) for name in times}}
    return {"_id" if name == "id" else name: value for name, value in fields.items()}


def _read(model: type[ModelT], document: Document) -> ModelT:
    fields = {"id" if name == "_id" else name: value for name, value in document.items()}
    try:
        return model.model_validate(fields)
    except ValidationError as error:
        wrong = ", ".join(sorted({".".join(map(str, item["loc"])) for item in error.errors()}))
        raise StoreUnreadableError(
            f"the stored {model.__name__} {document.get('_id')!r} is damaged ({wrong}): repair or remove it"
        ) from error
