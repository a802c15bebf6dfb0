import re
import subprocess
import sys
from pathlib import Path

import pytest

README = Path(__file__).parents[3] / "tools" / "devstack" / "README.md"


@pytest.mark.servers
def test_the_library_example_of_the_readme_runs() -> None:
    example = re.findall(r"```python\n(.*?)```", README.read_text(), flags=re.DOTALL)[0]
    done = subprocess.run([sys.executable, "-c", example], check=False, capture_output=True, text=True, timeout=60)
    assert done.stderr == ""
    assert "BTCUSDT" in done.stdout


@pytest.mark.servers
def test_the_exchange_example_of_the_readme_runs() -> None:
    examples = re.findall(r"```python\n(.*?)```", README.read_text(), flags=re.DOTALL)
    (example,) = (each for each in examples if "ccxt" in each)
    done = subprocess.run([sys.executable, "-c", example], check=False, capture_output=True, text=True, timeout=60)
    assert done.stderr == ""
    assert re.fullmatch(r"BTC/USDT:USDT long -1[12]\d\d\.\d+\n", done.stdout)
