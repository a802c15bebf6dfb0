"""The commands of `cio-audit` that look through the chain: query, export and reconcile."""

import asyncio
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import IO, Annotated

import typer

from cio_strategist.adapters.clock import SystemClock
from cio_strategist.adapters.parquet import write_parquet
from cio_strategist.adapters.whole_file import whole_file
from cio_strategist.command_line.audit.session import SINCE, AuditSession, Since, Until, parse_moment, run_audit
from cio_strategist.command_line.audit.view import (
    ENTRY_HEADINGS,
    SEEN_HEADINGS,
    account_fields,
    account_rows,
    entry_fields,
    entry_row,
)
from cio_strategist.command_line.console import moment, say, say_json, say_table, warn
from cio_strategist.command_line.options import AsJson
from cio_strategist.command_line.progress import showing_progress
from cio_strategist.command_line.session import REFUSED
from cio_strategist.domain.record.accounting import Account
from cio_strategist.domain.record.entry import Entry, Kind, canonical
from cio_strategist.domain.record.entry_filter import EntryFilter
from cio_strategist.domain.span import check_span
from cio_strategist.errors import NotFoundError, StoreUnreadableError, UsageError
from cio_strategist.service.record.accounting import Accounting
from petrosa_contracts import Code, Decision

audit_search_commands = typer.Typer()

_SETTLE_SECONDS = 15.0
_LOOK_SECONDS = 0.5

Strategy = Annotated[str | None, typer.Option(metavar="ID", help="Of this strategy.")]
Signal = Annotated[
    str | None,
    typer.Option(metavar="ID", help="About the intent of this signal_id, else id, else intent_id; quick with --since."),
]
Symbol = Annotated[str | None, typer.Option(metavar="SYMBOL", help="On this symbol.")]
OfKind = Annotated[Kind | None, typer.Option(help="Of this kind.")]
OfVerdict = Annotated[Decision | None, typer.Option(help="With this verdict.")]
OfCode = Annotated[str | None, typer.Option(metavar="CODE", help="Vetoed with this code, such as HALT_ACTIVE.")]


class Format(StrEnum):
    """What an export is written as."""

    JSONL = "jsonl"
    PARQUET = "parquet"


@audit_search_commands.command(epilog="Example: cio-audit query --since 1d --symbol BTCUSDT --verdict vetoed")
def query(
    since: Since = None,
    until: Until = None,
    strategy: Strategy = None,
    symbol: Symbol = None,
    signal: Signal = None,
    code: OfCode = None,
    verdict: OfVerdict = None,
    kind: OfKind = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, metavar="N", help="How many, newest first.")] = 20,
    as_json: AsJson = False,
) -> None:
    """Find entries, the newest first."""

    async def work(session: AuditSession) -> list[Entry]:
        wanted = _filter(since, until, strategy, symbol, signal, code, verdict, kind)
        return _sound(await session.store.query(wanted, limit=limit))

    entries = run_audit(work)
    if as_json:
        say_json([entry_fields(entry) for entry in entries])
    elif entries:
        say_table(ENTRY_HEADINGS, [entry_row(entry) for entry in entries])
    else:
        say("nothing in the chain fits")


@audit_search_commands.command(epilog="Example: cio-audit export --since 7d --format jsonl --output week.jsonl")
def export(
    output: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Where to; else standard output (JSON Lines only).")
    ] = None,
    form: Annotated[Format, typer.Option("--format", help="JSON Lines, or Parquet (extra `parquet`).")] = Format.JSONL,
    since: Since = None,
    until: Until = None,
    strategy: Strategy = None,
    symbol: Symbol = None,
    signal: Signal = None,
    code: OfCode = None,
    verdict: OfVerdict = None,
    kind: OfKind = None,
) -> None:
    """Write entries in order, each with all that is digested; any number of them, without holding them in memory."""

    async def work(session: AuditSession) -> int:
        wanted = _filter(since, until, strategy, symbol, signal, code, verdict, kind)
        total = await session.store.count() if wanted == EntryFilter() else None
        with showing_progress("exporting", total) as progress:
            found = _batches(session, wanted, progress)
            if form is Format.PARQUET:
                if output is None:
                    raise UsageError("Parquet needs --output FILE")
                return await write_parquet(output, found)
            return await _write_lines(output, found)

    written = run_audit(work)
    warn(f"{written} entries written")


@audit_search_commands.command(epilog="Example: cio-audit reconcile --since 6h")
def reconcile(
    since: Annotated[str, SINCE] = "1h",
    until: Until = None,
    as_json: AsJson = False,
) -> None:
    """Hold every intent that came against the records: each that a gate took has exactly one. Exit code 1 if not.

    Intents that came while no gate was there are told apart as unanswered; they are no fault of the record.
    """
    from cio_strategist.roles.recorder import open_sources

    async def work(session: AuditSession) -> Account:
        first, last = parse_moment(since), None if until is None else parse_moment(until)
        check_span(first, last)
        async with open_sources(session.settings) as sources:
            accounting = Accounting(sources.intents, session.store, sources.decisions, clock=SystemClock())
            return await _account(accounting, first, last)

    found = run_audit(work)
    if as_json:
        say_json(account_fields(found))
    else:
        _say_account(found)
    if not found.balanced:
        raise typer.Exit(REFUSED)


async def _account(accounting: Accounting, first: datetime, last: datetime | None) -> Account:
    kept_since = await accounting.kept_since()
    if kept_since is None:
        raise NotFoundError("no intents are kept: none came, or the stream is new")
    first, last = max(first, kept_since), last or SystemClock().now()
    last = min(last, await _settled(accounting, last))
    whole: Account | None = None
    async for account in accounting.over(first, last):
        whole = account if whole is None else whole.and_then(account)
    if whole is None:
        raise NotFoundError(f"nothing can be said of that time: intents are kept since {moment(kept_since)}")
    return whole


async def _settled(accounting: Accounting, wanted: datetime) -> datetime:
    """Wait a while for records on their way, and return until when all of them are known."""
    for _ in range(round(_SETTLE_SECONDS / _LOOK_SECONDS)):
        if await accounting.known_until() >= wanted:
            break
        await asyncio.sleep(_LOOK_SECONDS)
    known = await accounting.known_until()
    if known < wanted:
        warn(f"records wait to be written: nothing is said of what came after {moment(known)}")
    return known


def _say_account(found: Account) -> None:
    say(f"from {moment(found.since)} to {moment(found.until)}: {found.matched} intents have their record")
    if rows := account_rows(found):
        say_table(SEEN_HEADINGS, rows)
    if found.unanswered:
        warn(f"{len(found.unanswered)} intents came while no gate was there")
    if not found.balanced:
        warn(f"{len(found.missing)} records are missing, {len(found.surplus)} have no intent")


def _filter(
    since: str | None,
    until: str | None,
    strategy: str | None,
    symbol: str | None,
    signal: str | None,
    code: str | None,
    verdict: Decision | None,
    kind: Kind | None,
) -> EntryFilter:
    if code is not None and code not in set(Code):
        raise UsageError(f"{code[:40]!r} is no code of a veto: such as {', '.join(list(Code)[:3])}")
    return EntryFilter(
        since=None if since is None else parse_moment(since),
        until=None if until is None else parse_moment(until),
        kind=kind,
        strategy=strategy,
        symbol=None if symbol is None else symbol.upper(),
        signal=signal,
        verdict=verdict,
        code=code,
    )


async def _batches(
    session: AuditSession, wanted: EntryFilter, progress: Callable[[int], None]
) -> AsyncIterator[list[Entry]]:
    async for entries in session.store.export(wanted):
        yield _sound(entries)
        progress(len(entries))


async def _write_lines(output: Path | None, found: AsyncIterator[list[Entry]]) -> int:
    try:
        if output is None:
            return await _copy(sys.stdout, found)
        with whole_file(output) as path, path.open("w", encoding="ascii", newline="\n") as file:
            return await _copy(file, found)
    except BrokenPipeError:
        raise
    except OSError as error:
        raise UsageError(f"{output or 'standard output'} cannot be written: {error.strerror}") from error


async def _copy(file: IO[str], found: AsyncIterator[list[Entry]]) -> int:
    written = 0
    async for entries in found:
        file.writelines(canonical(entry_fields(entry)) + "\n" for entry in entries)
        written += len(entries)
    return written


def _sound(entries: Sequence[Entry | None]) -> list[Entry]:
    if None in entries:
        raise StoreUnreadableError("one of these entries is damaged: cio-audit verify says which")
    return [entry for entry in entries if entry is not None]
