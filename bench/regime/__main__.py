"""The command `python -m bench.regime`."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from bench.regime import tables
from bench.regime.replay import read_candles, replay
from cio_strategist.domain.regime.settings import RegimeSettings

REPOSITORY = Path(__file__).resolve().parents[2]
MARKET = REPOSITORY.parent / "shared" / "market" / "BTCUSDT-1h-2022-2023.csv"
PAGE = REPOSITORY / "docs" / "regime.md"
PICTURE = REPOSITORY / "docs" / "regime.png"

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command()
def regime(
    candles: Annotated[
        Path, typer.Option(help="CSV of hourly candles: timestamp (UTC), open, high, low, close.")
    ] = MARKET,
    write: Annotated[bool, typer.Option("--write", help="Put results and picture into docs/ as well.")] = False,
) -> None:
    """Evaluate the regime classifier on seeded candles and on real ones, and print the results as Markdown."""
    settings = RegimeSettings()
    seeded = tables.seeded_table(settings)
    print(seeded, end="\n\n")
    if write:
        replace_block("seeded", seeded)
    if not candles.is_file():
        print(f"No real candles at {candles}: that part is skipped, and its results in docs/regime.md stay.")
        return
    history = read_candles(candles)
    readings = replay(history, settings)
    market = "\n\n".join(
        (
            tables.period_line(readings),
            tables.known_table(readings),
            tables.all_crashes_line(readings),
            tables.phases_table(readings),
            tables.shares_line(readings),
            tables.sensitivity_table(history),
        )
    )
    print(market)
    if write:
        # Only here, because a picture is wanted seldom and its library takes long to load.
        from bench.regime.plot import draw  # noqa: PLC0415

        replace_block("market", market)
        draw(readings, settings, PICTURE)


def replace_block(name: str, text: str, *, page: Path = PAGE) -> None:
    """Put `text` between the comments `<!-- name -->` and `<!-- /name -->` of a page.

    Raises `ValueError` where the page does not have them.
    """
    opening, closing = f"<!-- {name} -->\n", f"\n<!-- /{name} -->"
    before, found, rest = page.read_text(encoding="utf-8").partition(opening)
    _, closed, after = rest.partition(closing)
    if not (found and closed):
        raise ValueError(f"{page} has no block {name}")
    page.write_text(f"{before}{opening}{text}{closing}{after}", encoding="utf-8", newline="\n")


if __name__ == "__main__":
    sys.exit(app())
