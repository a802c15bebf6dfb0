"""The command line, against a simulated exchange behind a real socket."""

import ast
import json
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from pathlib import Path

import pytest

from canary import VERSION
from canary.__main__ import main
from canary.clock import SystemClock
from canary.simulator.book import Book
from canary.simulator.exchange import SimulatedExchange
from canary.simulator.faults import Fault, Kind
from canary.simulator.server import SimulatorServer
from tests.canary_accounts import CREDENTIALS, book, rest, typed

ROOT = Path(__file__).parents[3]
CONSENT = ("--yes", "--i-understand")


@pytest.fixture
def account() -> Book:
    account = book({("BTCUSDT", "BOTH"): "2", ("ETHUSDT", "BOTH"): "-3"})
    rest(account, "ETHUSDT", "1")
    rest(account, "BTCUSDT", "-9", conditional=True)
    return account


@pytest.fixture
def exchange(account: Book, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SimulatedExchange]:
    simulated = SimulatedExchange(account, CREDENTIALS, SystemClock())
    for name in ("BINANCE_API_KEY", "BINANCE_API_SECRET", "CANARY_CREDENTIALS", "CANARY_PASSPHRASE"):
        monkeypatch.delenv(name, raising=False)
    with SimulatorServer(simulated) as server:
        monkeypatch.setenv("CANARY_API_KEY", CREDENTIALS.key)
        monkeypatch.setenv("CANARY_API_SECRET", CREDENTIALS.secret)
        monkeypatch.setenv("CANARY_BASE_URL", server.url)
        monkeypatch.setenv("CANARY_HOME", str(tmp_path / "home"))
        yield simulated


def untouched(account: Book) -> bool:
    return len(account.open_positions()) == 2 and len(account.resting) == 2


def test_plan_shows_positions_and_orders_and_changes_nothing(
    exchange: SimulatedExchange, account: Book, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["plan"]) == 0
    said = capsys.readouterr().out
    for words in ("SIMULATED", "one-way", "BTCUSDT long 2", "ETHUSDT short 3", "BUY at market", "1 conditional"):
        assert words in said
    assert untouched(account)
    assert {method for method, _, _ in exchange.calls} == {"GET"}


def test_the_typed_confirmation_names_account_and_count_and_then_it_is_done(
    exchange: SimulatedExchange, account: Book, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    typed(monkeypatch, "CLOSE SIMULATED 2")
    assert main(["close-all"]) == 0
    said = capsys.readouterr()
    assert "type exactly:  CLOSE SIMULATED 2" in said.err
    assert "FLAT. No position" in said.out
    assert not account.open_positions()
    assert not account.resting


@pytest.mark.parametrize("words", ["", "yes", "close simulated 2", "CLOSE SIMULATED 3", "CLOSE OTHER 2"])
def test_anything_else_that_is_typed_changes_nothing(
    words: str, exchange: SimulatedExchange, account: Book, monkeypatch: pytest.MonkeyPatch
) -> None:
    typed(monkeypatch, words)
    assert main(["close-all"]) == 1
    assert untouched(account)


def test_without_anybody_to_ask_nothing_is_changed(
    exchange: SimulatedExchange, account: Book, monkeypatch: pytest.MonkeyPatch
) -> None:
    typed(monkeypatch)
    assert main(["close-all"]) == 1
    assert untouched(account)


@pytest.mark.parametrize("half", [["--yes"], ["--i-understand"]])
def test_half_a_consent_is_wrong_usage(half: list[str], exchange: SimulatedExchange, account: Book) -> None:
    assert main(["close-all", *half]) == 2
    assert untouched(account)


def test_a_dry_run_changes_nothing_even_with_consent(exchange: SimulatedExchange, account: Book) -> None:
    assert main(["close-all", "--dry-run", *CONSENT]) == 1
    assert untouched(account)


def test_a_script_gets_a_report_a_log_and_an_exit_code(
    exchange: SimulatedExchange, account: Book, tmp_path: Path
) -> None:
    exchange.faults.append(
        Fault(Kind.REFUSE, "POST", "/fapi/v1/order", times=1000, symbol="BTCUSDT", code=-4140, message="closed")
    )
    report = tmp_path / "report.json"
    assert main(["close-all", *CONSENT, "--report", str(report), "--give-up-after", "1"]) == 3
    content = json.loads(report.read_text())
    assert content["verdict"] == "left"
    states = {row["symbol"]: (row["state"], row["left"]) for row in content["positions"]}
    assert states == {"BTCUSDT": ("open", "2"), "ETHUSDT": ("flat", "0")}
    assert "-4140" in next(row["why"] for row in content["positions"] if row["symbol"] == "BTCUSDT")
    assert content["orders_left"] == []
    log = [json.loads(line) for line in (tmp_path / "home" / "canary.log").read_text().splitlines()]
    sending = [entry["client_order_id"] for entry in log if entry.get("status") == "SENDING"]
    assert {order["client_order_id"] for order in content["sent"]} == set(sending)
    assert len({entry["run"] for entry in log}) == 1


def test_the_log_is_only_ever_appended_to(exchange: SimulatedExchange, tmp_path: Path) -> None:
    log = tmp_path / "home" / "canary.log"
    main(["plan"])
    first = log.read_bytes()
    main(["close-all", *CONSENT])
    assert log.read_bytes().startswith(first)
    assert len(log.read_bytes()) > len(first)


def test_a_disk_that_cannot_be_written_does_not_keep_anything_open(
    exchange: SimulatedExchange,
    account: Book,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("CANARY_HOME", str(tmp_path / "file" / "below"))
    assert main(["close-all", *CONSENT]) == 0
    assert not account.open_positions()
    assert "cannot be written" in capsys.readouterr().err


def test_the_key_and_its_secret_are_never_shown_or_kept(
    exchange: SimulatedExchange, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    exchange.faults.append(Fault(Kind.LOSE_AFTER, "POST", "/fapi/v1/order"))
    main(["close-all", *CONSENT])
    said = capsys.readouterr()
    kept = "".join(path.read_text() for path in (tmp_path / "home").rglob("*") if path.is_file())
    for secret in (CREDENTIALS.key, CREDENTIALS.secret, "signature="):
        assert secret not in said.out + said.err + kept
    assert CREDENTIALS.secret not in repr(CREDENTIALS)


def test_a_sealed_file_made_on_the_command_line_opens_the_account(
    exchange: SimulatedExchange,
    account: Book,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("canary.vault.SCRYPT_N", 2**10)
    for name in ("CANARY_API_KEY", "CANARY_API_SECRET"):
        monkeypatch.delenv(name)
    sealed, passphrase = tmp_path / "canary.key", "correct horse battery"
    typed(monkeypatch, CREDENTIALS.key, CREDENTIALS.secret, passphrase, passphrase)
    assert main(["seal", str(sealed)]) == 0
    typed(monkeypatch, "a wrong passphrase")
    assert main(["close-all", *CONSENT, "--credentials", str(sealed)]) == 1
    assert untouched(account)
    typed(monkeypatch, passphrase, "CLOSE SIMULATED 2")
    assert main(["close-all", "--credentials", str(sealed)]) == 0
    assert not account.open_positions()
    said = capsys.readouterr()
    for secret in (CREDENTIALS.key, CREDENTIALS.secret, passphrase):
        assert secret not in said.out + said.err + sealed.read_text()


def test_an_account_that_is_flat_needs_no_confirmation(
    exchange: SimulatedExchange, account: Book, capsys: pytest.CaptureFixture[str]
) -> None:
    account.positions.clear()
    account.resting.clear()
    assert main(["close-all"]) == 0
    assert "FLAT" in capsys.readouterr().out


def test_other_markets_are_listed_and_not_touched(
    exchange: SimulatedExchange, capsys: pytest.CaptureFixture[str]
) -> None:
    exchange.routes["GET", "/api/v3/account"] = lambda _: {
        "balances": [{"asset": "BTC", "free": "0.5", "locked": "0.25"}]
    }
    exchange.routes["GET", "/dapi/v1/positionRisk"] = lambda _: [
        {"symbol": "BTCUSD_PERP", "positionSide": "BOTH", "positionAmt": "-7"}
    ]
    assert main(["plan"]) == 0
    said = capsys.readouterr().out
    assert "Not touched: spot: 0.75 BTC" in said
    assert "Not touched: COIN-M: BTCUSD_PERP short 7" in said


def test_another_market_that_is_away_is_no_obstacle(
    exchange: SimulatedExchange, account: Book, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CANARY_SPOT_URL", "http://127.0.0.1:1")
    assert main(["close-all", *CONSENT]) == 0
    assert "spot: cannot be read" in capsys.readouterr().out


def test_wrong_credentials_are_a_refusal(
    exchange: SimulatedExchange, account: Book, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CANARY_API_SECRET", "another-secret")
    assert main(["close-all", *CONSENT]) == 1
    assert "-1022" in capsys.readouterr().err
    assert untouched(account)


@pytest.mark.parametrize(
    "arguments",
    [["--base-url", "http://fapi.binance.com"], ["--base-url", "ftp://x"], ["--testnet", "--base-url", "https://x"]],
)
def test_an_address_that_is_not_safe_or_not_clear_is_refused(
    arguments: list[str], exchange: SimulatedExchange, account: Book
) -> None:
    assert main(["close-all", *CONSENT, *arguments]) == 1
    assert untouched(account)


def test_rehearsing_by_hand_drills_everything_and_its_date_is_shown(
    exchange: SimulatedExchange, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("canary.rehearsing.drills", list)
    typed(monkeypatch, "CLOSE SIMULATED 2")
    main(["plan"])
    assert "Last rehearsal: never" in capsys.readouterr().out
    assert main(["rehearse"]) == 0
    assert "Rehearsal passed" in capsys.readouterr().out
    main(["plan"])
    assert "0 days ago, passed" in capsys.readouterr().out


def test_mistyping_in_the_rehearsal_fails_it(
    exchange: SimulatedExchange, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("canary.rehearsing.drills", list)
    typed(monkeypatch, "CLOSE EVERYTHING")
    assert main(["rehearse"]) == 1
    assert "Rehearsal FAILED" in capsys.readouterr().out


def test_a_rehearsal_that_nobody_attends_is_run_and_remembered_as_that(
    exchange: SimulatedExchange, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("canary.rehearsing.drills", list)
    typed(monkeypatch)
    assert main(["rehearse"]) == 0
    main(["plan"])
    assert "passed, with nobody at the keyboard" in capsys.readouterr().out


@pytest.mark.parametrize("seconds", ["0", "-1", "nan", "inf", "soon"])
def test_a_time_to_give_up_that_is_none_is_wrong_usage(
    seconds: str, exchange: SimulatedExchange, account: Book
) -> None:
    with pytest.raises(SystemExit) as left:
        main(["close-all", *CONSENT, "--give-up-after", seconds])
    assert left.value.code == 2
    assert untouched(account)


def test_a_stated_mode_that_the_exchange_contradicts_is_refused(
    exchange: SimulatedExchange, account: Book, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["close-all", *CONSENT, "--mode", "hedge"]) == 1
    assert "one-way mode: leave --mode out" in capsys.readouterr().err
    assert untouched(account)


@pytest.mark.parametrize(("option", "words"), [("--help", "close-all"), ("--version", f"canary {VERSION}")])
def test_it_can_be_asked_about_itself(option: str, words: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main([option])
    assert left.value.code == 0
    assert words in capsys.readouterr().out


@pytest.mark.parametrize("command", ["plan", "close-all", "rehearse", "seal", "watch"])
def test_every_command_gives_an_example(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main([command, "--help"])
    assert f"example:\n  canary {command}" in capsys.readouterr().out


def test_no_command_is_wrong_usage_and_shows_the_commands(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    assert "close-all" in capsys.readouterr().out


@pytest.mark.parametrize("word", ["close", "--yes"])
def test_a_command_it_does_not_have_is_wrong_usage(word: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main([word])
    assert left.value.code == 2
    assert word in capsys.readouterr().err


def test_it_imports_the_standard_library_alone() -> None:
    spec = find_spec("canary")
    assert spec is not None
    assert spec.origin is not None
    imported: set[str] = set()
    for source in Path(spec.origin).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(source.read_text())):
            if isinstance(node, ast.Import):
                imported |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                imported.add((node.module or "").partition(".")[0])
    assert imported <= {*sys.stdlib_module_names, "canary"}


def test_a_checkout_is_enough_as_the_readme_says(
    exchange: SimulatedExchange, account: Book, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", "tools/canary/src")
    words = "PYTHONPATH=tools/canary/src python3 -m canary close-all"
    assert words in (ROOT / "tools/canary/README.md").read_text()
    command = [sys.executable, "-S", "-m", "canary", "close-all", *CONSENT]
    assert subprocess.run(command, cwd=ROOT, check=False, capture_output=True, timeout=60).returncode == 0
    assert not account.open_positions()


def test_the_version_is_the_package_s() -> None:
    project = tomllib.loads((ROOT / "tools/canary/pyproject.toml").read_text())
    assert project["project"]["version"] == VERSION


def test_it_runs_as_a_single_file_and_keeps_its_exit_codes(
    exchange: SimulatedExchange, account: Book, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = spec_from_file_location("build_single_file", ROOT / "tools/canary/build_single_file.py")
    assert spec is not None
    assert spec.loader is not None
    builder = module_from_spec(spec)
    spec.loader.exec_module(builder)
    single = tmp_path / "canary.pyz"
    builder.build(single)

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-I", "-S", str(single), *arguments]
        return subprocess.run(
            command, check=False, capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL
        )

    assert run("close-all").returncode == 1
    assert untouched(account)
    closed = run("close-all", *CONSENT)
    assert closed.returncode == 0, closed.stderr
    assert "FLAT" in closed.stdout
    assert not account.open_positions()
