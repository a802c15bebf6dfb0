"""The commands of `cio-audit` about the chain as a whole and about one entry: verify, prove, check and show."""

import re
import time
from pathlib import Path
from typing import Annotated

import typer
from pydantic import ValidationError

from cio_strategist.command_line.audit.session import AuditSession, PublicKeys, run_audit, trusted_keys
from cio_strategist.command_line.audit.view import body_of, entry_fields
from cio_strategist.command_line.console import moment, say, say_entries, say_json, warn
from cio_strategist.command_line.options import AsJson
from cio_strategist.command_line.progress import showing_progress
from cio_strategist.command_line.session import REFUSED, reporting
from cio_strategist.domain.record.entry import Entry, Head
from cio_strategist.domain.record.proof import InclusionProof, wrong_with
from cio_strategist.domain.record.proof import prove as make_proof
from cio_strategist.errors import NotFoundError, RefusedError, StoreUnreadableError, UsageError
from cio_strategist.service.record.verification import Verified
from cio_strategist.service.record.verification import verify as verify_chain
from petrosa_contracts.record import record_id

audit_commands = typer.Typer()

_LONGEST_SEQUENCE = 15
_NOTED_HEAD = re.compile(r"([0-9]{1,15}):([0-9a-f]{64})")

EntryArgument = Annotated[str, typer.Argument(metavar="ID", help="Decision id, id of a change, or an entry's number.")]


@audit_commands.command(epilog="Example: cio-audit verify --public-key audit.pem.pub")
def verify(
    public_key: PublicKeys = None,
    head: Annotated[
        str | None,
        typer.Option(metavar="NUMBER:DIGEST", help="A head that was noted earlier; the chain must still have it."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Walk the whole chain: links, digests, checkpoints and their signatures, and the trail of changes against it.

    The first bad entry is named, with exit code 1. Without a public key, signatures are not checked, which is said.
    """

    async def work(session: AuditSession) -> tuple[Verified, float, bool]:
        keys = trusted_keys(public_key, session.settings)
        noted = None if head is None else _head(head)
        with showing_progress("verifying", await session.store.count()) as progress:
            started = time.perf_counter()
            found = await verify_chain(
                session.store,
                session.trail,
                keys,
                checkpoint_entries=session.settings.checkpoint_records,
                noted=noted,
                progress=progress,
            )
            return found, time.perf_counter() - started, keys is not None

    found, seconds, signatures = run_audit(work)
    if as_json:
        say_json(_verified_fields(found, seconds, signatures=signatures))
    else:
        _say_verified(found, seconds, signatures=signatures)
    if found.problem is not None:
        raise typer.Exit(REFUSED)


@audit_commands.command(epilog="Example: cio-audit prove 0f3c… > proof.json")
def prove(entry_id: EntryArgument) -> None:
    """Print the proof that an entry is in the chain, for somebody who has neither the store nor trust in it."""

    async def work(session: AuditSession) -> InclusionProof:
        entry = _only(await _find(session, entry_id), entry_id)
        checkpoint = await session.store.checkpoint_over(entry.sequence)
        if checkpoint is None:
            raise RefusedError(f"no checkpoint covers entry {entry.sequence} yet: try again after the next one")
        digests = [digest async for digest in session.store.digests(checkpoint.first, checkpoint.last)]
        if len(digests) != checkpoint.last - checkpoint.first + 1:
            raise StoreUnreadableError("entries under that checkpoint are missing: cio-audit verify says which")
        return make_proof(entry, digests, checkpoint)

    typer.echo(run_audit(work).model_dump_json(indent=2))


@audit_commands.command(epilog="Example: cio-audit check proof.json --public-key audit.pem.pub")
def check(
    proof: Annotated[Path, typer.Argument(metavar="FILE", help="A proof as cio-audit prove prints it.")],
    public_key: PublicKeys = None,
    as_json: AsJson = False,
) -> None:
    """Check a proof. Needs the public key alone: no store, no network."""
    with reporting():
        keys = trusted_keys(public_key)
        if keys is None:
            raise UsageError("a proof is worth what its signature is: name the key with --public-key")
        told = _read_proof(proof)
        wrong = wrong_with(told, keys)
    if as_json:
        say_json({"holds": wrong is None, "problem": wrong, "entry": told.entry.model_dump()})
    elif wrong is None:
        entry, signed = told.entry, told.checkpoint
        say(f"it holds: entry {entry.sequence}, {entry.kind} {entry.id}, is as the key {signed.key_id} signed it")
    else:
        warn(f"it does not hold: {wrong}")
    if wrong is not None:
        raise typer.Exit(REFUSED)


@audit_commands.command(epilog="Example: cio-audit show 0f3c… --json")
def show(entry_id: EntryArgument, as_json: AsJson = False) -> None:
    """Show an entry with everything that was recorded, and whether its content has its digest."""

    async def work(session: AuditSession) -> list[Entry]:
        return await _find(session, entry_id)

    entries = run_audit(work)
    if as_json:
        say_json([{**entry_fields(entry), "body": body_of(entry), "altered": _altered(entry)} for entry in entries])
        return
    for entry in entries:
        told = {"when": moment(entry.moment), **{name: str(value) for name, value in entry.facts.items()}}
        say_entries(f"entry {entry.sequence}: {entry.kind} {entry.id}", [*told.items(), ("digest", entry.digest)])
        if _altered(entry):
            warn("ALTERED: this content does not have this digest")
        say_json(body_of(entry))


async def _find(session: AuditSession, entry_id: str) -> list[Entry]:
    if entry_id.isdecimal() and len(entry_id) <= _LONGEST_SEQUENCE:
        found = [await session.store.at(int(entry_id))]
        if found == [None]:
            raise NotFoundError(f"there is no entry {entry_id}, or it is damaged: cio-audit verify says more")
    else:
        # What withdraws an approval has the last word about the decision.
        withdrawal = record_id(entry_id, withdraws=True)
        found = [*await session.store.find(entry_id), *await session.store.find(withdrawal)]
    if not found:
        raise NotFoundError(f"nothing of the id {entry_id[:80]} is in the chain")
    if None in found:
        raise StoreUnreadableError(f"an entry of the id {entry_id[:80]} is damaged: cio-audit verify says more")
    return [entry for entry in found if entry is not None]


def _only(entries: list[Entry], entry_id: str) -> Entry:
    if len(entries) > 1:
        numbers = ", ".join(f"{entry.sequence} ({entry.kind})" for entry in entries)
        raise UsageError(f"{entry_id[:80]} names several entries: give the number of one of {numbers}")
    return entries[0]


def _altered(entry: Entry) -> bool:
    return entry.true_digest() != entry.digest


def _head(text: str) -> Head:
    noted = _NOTED_HEAD.fullmatch(text.strip())
    if noted is None:
        raise UsageError("--head must look like 1234:digest, as verify and the log of checkpoints say it")
    return Head(int(noted[1]), noted[2])


def _read_proof(file: Path) -> InclusionProof:
    try:
        return InclusionProof.model_validate_json(file.read_bytes())
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {error.strerror}") from error
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        raise UsageError(f"{file} is no proof: {'.'.join(map(str, first['loc'])) or 'it'}: {first['msg']}") from error


def _verified_fields(found: Verified, seconds: float, *, signatures: bool) -> dict[str, object]:
    problem = found.problem
    return {
        "holds": problem is None,
        "entries": found.entries,
        "entries_per_second": round(found.entries / seconds) if seconds else None,
        "checkpoints": found.checkpoints,
        "signed_to": found.signed_to,
        "unsigned_since": None if found.unsigned_since is None else found.unsigned_since.isoformat(),
        "signatures": "checked" if signatures else "not checked",
        "head": found.head.shown(),
        "changes": found.changes,
        "problem": None
        if problem is None
        else {"sequence": problem.sequence, "kind": problem.kind, "id": problem.id, "what": problem.what},
    }


def _say_verified(found: Verified, seconds: float, *, signatures: bool) -> None:
    say(f"{found.entries} entries hold, {round(found.entries / seconds) if seconds else 0} a second")
    unsigned = found.entries - found.signed_to
    since = "" if found.unsigned_since is None else f", the first at {moment(found.unsigned_since)}"
    say(f"signed up to entry {found.signed_to} (checkpoints: {found.checkpoints}); {unsigned} came after{since}")
    if not signatures:
        warn("signatures were not checked: name the public key with --public-key or STRATEGIST_AUDIT_PUBLIC_KEYS")
    if found.problem is None:
        say(f"{found.changes} changes of policy and control are in the trail as they were recorded")
        say(f"head {found.head.shown()}")
    else:
        warn(f"BROKEN at {found.problem.shown()}")
