"""The auditor: verifies the chain of records, plays the one who tampers with it, and verifies it again."""

import asyncio
import json
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from pymongo import AsyncMongoClient
from pymongo.asynchronous.collection import AsyncCollection

from demo.command import CommandError, run, told
from demo.ledger import ChainVerified, Judged, Ledger, Note, Tampered
from petrosa_contracts import Decision

Chain = AsyncCollection[dict[str, Any]]

_DATABASE, _COLLECTION = "petrosa", "audit_chain"
_RECORDING_SECONDS = 20.0
"""How long the last records may take from the gate to the store; it takes well under a second."""
_POLL_SECONDS = 0.1


class Auditor:
    """Trusts the public key of `key` alone, and sees the store as whoever has its password does."""

    def __init__(self, mongodb_uri: str, chain: Chain, key: Path, ledger: Ledger) -> None:
        self._environment = {"MONGODB_URI": mongodb_uri}
        self._chain = chain
        self._public = str(key.with_name(f"{key.name}.pub"))
        self._ledger = ledger

    async def verify(self) -> ChainVerified:
        """Run `cio-audit verify` and record what it found. Raises `CommandError` if it came to no finding."""
        words = "verify", "--json", "--public-key", self._public
        ended = await run("cio-audit", *words, environment=self._environment)
        try:
            found = json.loads(ended.told)
        except ValueError:
            raise CommandError(f"cio-audit ended with exit code {ended.code}: {ended.complained}") from None
        problem = found["problem"] or {}
        verified = ChainVerified(
            at=self._ledger.now(),
            holds=ended.code == 0 and found["holds"],
            entries=found["entries"],
            signed_to=found["signed_to"],
            decisions=frozenset(await self._recorded()),
            bad_entry=problem.get("sequence"),
            bad_id=problem.get("id"),
        )
        self._ledger.record(verified)
        return verified

    async def wait_for_records(self) -> None:
        """Return once every verdict that was heard is recorded, or 20 s have shown that one will not be."""
        heard = {judged.verdict.decision_id for judged in self._ledger.of(Judged)}
        deadline = time.monotonic() + _RECORDING_SECONDS
        while not heard <= await self._recorded() and time.monotonic() < deadline:  # noqa: ASYNC110 - nobody to wake us
            await asyncio.sleep(_POLL_SECONDS)

    async def tamper(self) -> None:
        """Make the first veto of all look like an approval, behind everybody's back. Raises `CommandError`."""
        vetoes = (each.verdict.decision_id for each in self._ledger.of(Judged) if not each.verdict.approved)
        found = await self._chain.find_one({"kind": "decision", "id": next(vetoes, None)})
        if found is None:
            raise CommandError("there is no veto on record to tamper with")
        body = found["body"].replace(f'"{Decision.VETOED}"', f'"{Decision.APPROVED}"')
        await self._chain.update_one({"_id": found["_id"]}, {"$set": {"body": body}})
        self._ledger.record(Tampered(at=self._ledger.now(), entry=found["_id"], decision_id=found["id"]))

    async def audit(self) -> None:
        """Verify, tamper, verify, and say what came of it. Raises `CommandError`."""
        await self.wait_for_records()
        first = await self.verify()
        self._note(
            f"auditor: cio-audit verify: {first.entries} entries {'hold' if first.holds else 'DO NOT HOLD'}, "
            f"{len(first.decisions)} of them decisions, signed up to {first.signed_to}"
        )
        await self.tamper()
        self._note("somebody with the store's password turns the first veto on record into an approval")
        second = await self.verify()
        found = "nothing" if second.bad_entry is None else f"entry {second.bad_entry}, decision {second.bad_id}"
        self._note(f"auditor: cio-audit verify finds {found}")

    async def _recorded(self) -> set[str]:
        return {each["id"] async for each in self._chain.find({"kind": "decision"}, {"id": 1})}

    def _note(self, text: str) -> None:
        self._ledger.record(Note(at=self._ledger.now(), text=text))


async def make_key(key: Path) -> None:
    """Make the key that signs checkpoints. Raises `CommandError`."""
    await told("cio-audit", "key", "new", str(key), environment={})


@asynccontextmanager
async def open_auditor(mongodb_uri: str, key: Path, ledger: Ledger) -> AsyncGenerator[Auditor]:
    """Open the store for an auditor."""
    async with AsyncMongoClient[dict[str, Any]](mongodb_uri) as client:
        yield Auditor(mongodb_uri, client[_DATABASE][_COLLECTION], key, ledger)
