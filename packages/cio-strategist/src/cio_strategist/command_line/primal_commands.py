"""The commands of `cio-primal`: show, verify, sign and compare files of primal limits."""

from collections.abc import Generator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Annotated

import typer

from cio_strategist.command_line.console import say, say_json, say_table, shown, warn
from cio_strategist.command_line.options import AsJson
from cio_strategist.command_line.session import REFUSED, WRONG_USAGE
from petrosa_contracts.primal import BUILT_IN, PrimalLimits
from petrosa_contracts.primal.change import problems_of_change
from petrosa_contracts.primal.file import APPROVERS, PrimalStanding, Signatures, check, load, parse, read
from petrosa_contracts.primal.signatures import (
    QUORUM,
    Approvers,
    PrimalUnusableError,
    fingerprint_of_signer,
    fingerprints_of,
    parse_approvers,
    signature_name,
)
from petrosa_contracts.primal.signatures import (
    sign as make_signature,
)
from petrosa_contracts.primal.signatures import (
    verify as verify_signature,
)

DEFAULT_FILE = Path("primal/limits.toml")

FileOption = Annotated[Path, typer.Option("--file", metavar="FILE", help="The limits, signatures beside them.")]
ApproversOption = Annotated[
    Path | None, typer.Option("--approvers", metavar="FILE", help=f"List of approvers; else {APPROVERS} beside it.")
]

primal_commands = typer.Typer()


@primal_commands.command(epilog="Example: cio-primal show --file primal/limits.toml --json")
def show(file: FileOption = DEFAULT_FILE, approvers: ApproversOption = None, as_json: AsJson = False) -> None:
    """Show the limits that a gate would start on with this file, and whether they are the file's. Changes nothing."""
    _require(file)
    standing = load(file, approvers)
    if as_json:
        say_json(_standing_fields(standing))
        return
    limits = standing.limits
    _say_limits(limits)
    say(f"digest {limits.digest()}")
    if standing.signed:
        say(f"signed by {', '.join(standing.signers)}")
    else:
        warn(f"these are the built-in tightest limits: {standing.problem}")


@primal_commands.command(epilog="Example: cio-primal verify --approvers ../main/primal/allowed_signers")
def verify(
    file: FileOption = DEFAULT_FILE,
    approvers: ApproversOption = None,
    or_nobody_listed: Annotated[
        bool, typer.Option("--or-nobody-listed", help="Pass, and say so, while the list of approvers is empty.")
    ] = False,
) -> None:
    """Verify that enough approvers have signed exactly this file. Exit code 1 if a gate would not believe it."""
    _require(file)
    with _reporting():
        content = read(file)
        limits = parse(content)
        checked = check(file, content, approvers)
        _say_signatures(checked)
        if checked.quorum:
            say(f"revision {limits.revision} is signed: digest {limits.digest()}")
        elif or_nobody_listed and not checked.approvers:
            warn(f"nobody is listed as approver: a gate given {file} starts on the built-in tightest limits")
        else:
            raise PrimalUnusableError(f"{len(checked.signers)} good signatures of {QUORUM} needed")


@primal_commands.command("verify-change", epilog="Example: cio-primal verify-change --before ../main/primal")
def verify_change(
    before: Annotated[Path, typer.Option(metavar="FOLDER", help="Limits and approvers before the change.")],
    file: FileOption = DEFAULT_FILE,
) -> None:
    """Verify a change of the limits, or of the list, by the approvers from before it. Exit code 1 if it must not be."""
    _require(file)
    if not before.is_dir():
        warn(f"wrong usage: {before} is not a folder; an empty one stands for nothing before")
        raise typer.Exit(WRONG_USAGE)
    with _reporting():
        problems = problems_of_change(file, before)
    for problem in problems:
        warn(problem)
    if problems:
        raise typer.Exit(REFUSED)
    say("nothing stands against the change")


@primal_commands.command(epilog="Example: cio-primal sign --as alice --key ~/.ssh/id_ed25519_sk")
def sign(
    key: Annotated[Path, typer.Option(metavar="KEY", help="Private key, or the public half of one that an agent has.")],
    approver: Annotated[str, typer.Option("--as", metavar="NAME", help="Your name in the list of approvers.")],
    file: FileOption = DEFAULT_FILE,
    approvers: ApproversOption = None,
    the_list: Annotated[
        bool, typer.Option("--list", help="Sign the list of approvers beside the limits instead, which changes it.")
    ] = False,
) -> None:
    """Sign the limits as they are, after showing what they say; a security key asks for PIN and touch.

    A changed list of approvers is signed by those on the list from before: name that with --approvers.
    """
    _require(file)
    with _reporting():
        signed = file.with_name(APPROVERS) if the_list else file
        content = read(signed)
        listed = parse_approvers(read(approvers or file.with_name(APPROVERS)))
        if approver not in listed:
            raise PrimalUnusableError(f"{approver} is not listed as approver: {', '.join(listed) or 'nobody is'}")
        if the_list:
            say_table(
                ("approver", "keys"), [(name, str(len(lines))) for name, lines in parse_approvers(content).items()]
            )
        else:
            _say_limits(parse(content))
        signature = make_signature(content, str(key.expanduser()))
        # A signature by another key than the listed one would only be found out by whoever verifies.
        _require_key_of(approver, listed, fingerprint_of_signer(signature))
        verify_signature(content, signature, approver, listed)
        place = signed.with_name(signature_name(signed.name, approver))
        try:
            place.write_bytes(signature)
        except OSError as error:
            raise PrimalUnusableError(f"{place} cannot be written: {error.strerror}") from error
        say(f"signed as {approver}: {place}")


@primal_commands.command(epilog="Example: cio-primal diff --from ../main/primal/limits.toml")
def diff(
    file: FileOption = DEFAULT_FILE,
    before: Annotated[
        Path | None, typer.Option("--from", metavar="FILE", help="Limits to compare with; else the built-in tightest.")
    ] = None,
) -> None:
    """Show what a file of limits changes, and whether each change loosens or tightens. Signatures do not matter."""
    _require(file)
    if before is not None:
        _require(before)
    with _reporting():
        old = BUILT_IN if before is None else parse(read(before))
        new = parse(read(file))
    rows = [
        (name, was, now, _direction(name, old, new))
        for (name, was), (_, now) in zip(_values(old), _values(new), strict=True)
        if was != now
    ]
    if rows:
        say_table(("limit", "from", "to", "which"), rows)
    else:
        say("the limits are the same")


def _require_key_of(approver: str, listed: Approvers, key: str) -> None:
    own = fingerprints_of(approver, listed)
    if key in own:
        return
    owner = next((name for name in listed if key in fingerprints_of(name, listed)), None)
    whose = f"{owner}'s: sign --as {owner}" if owner else "nobody's on the list: a new key has to be listed first"
    raise PrimalUnusableError(
        f"nothing is signed: {approver} signs with {' or '.join(own)}, and the key given is {key}. Name {approver}'s "
        f"key with --key (ssh-keygen -lf FILE shows a key's fingerprint). The one given is {whose}."
    )


def _require(path: Path) -> None:
    if not path.is_file():
        warn(f"wrong usage: {path} is not a file")
        raise typer.Exit(WRONG_USAGE)


@contextmanager
def _reporting() -> Generator[None]:
    try:
        yield
    except PrimalUnusableError as error:
        warn(str(error))
        raise typer.Exit(REFUSED) from error


def _say_signatures(checked: Signatures) -> None:
    refused = dict(checked.refused)
    rows = [
        (name, "signed" if name in checked.signers else refused.get(name, "has not signed"))
        for name in checked.approvers
    ]
    if rows:
        say_table(("approver", "signature"), rows)


def _standing_fields(standing: PrimalStanding) -> dict[str, object]:
    return {
        "source": "file" if standing.signed else "built-in",
        "problem": standing.problem,
        "signers": list(standing.signers),
        "digest": standing.limits.digest(),
        "limits": standing.limits.model_dump(mode="json"),
    }


def _values(limits: PrimalLimits) -> list[tuple[str, str]]:
    return [(name, _value(value)) for name, value in limits.model_dump().items()]


def _value(value: object) -> str:
    return f"{value.normalize():f}" if isinstance(value, Decimal) else shown(value)


def _say_limits(limits: PrimalLimits) -> None:
    fields = PrimalLimits.model_fields
    rows = [(name, value, fields[name].description or "") for name, value in _values(limits)]
    say_table(("limit", "value", "meaning"), rows)


def _direction(name: str, old: PrimalLimits, new: PrimalLimits) -> str:
    if name == "revision":
        return ""
    was, now = old.model_dump()[name], new.model_dump()[name]
    if name != "quote_assets":
        return "loosens" if now > was else "tightens"
    added, removed = set(now) - set(was), set(was) - set(now)
    return "loosens" if not removed else "tightens" if not added else "both"
