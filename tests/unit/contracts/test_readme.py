import contextlib
import io
import re
from pathlib import Path

README = Path(__file__).resolve().parents[3] / "packages" / "petrosa-contracts" / "README.md"
TEXT = README.read_text(encoding="utf-8")


def _block(language: str) -> str:
    found = re.findall(rf"^```{language}\n(.*?)^```$", TEXT, flags=re.DOTALL | re.MULTILINE)
    assert len(found) == 1
    return found[0]


def test_the_example_prints_what_the_readme_says() -> None:
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(_block("python"), str(README), "exec"), {})
    assert printed.getvalue() == _block("text")


def test_every_link_leads_to_a_file() -> None:
    links = re.findall(r"\]\(([^)#]+)\)", TEXT)
    assert links
    assert [link for link in links if not (README.parent / link).exists()] == []
