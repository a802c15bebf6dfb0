"""What tests of several services share."""

import shutil
from pathlib import Path

import pytest

from tests.primal import PrimalFolder, make_folder


@pytest.fixture(scope="session")
def _signed_limits(tmp_path_factory: pytest.TempPathFactory) -> PrimalFolder:
    folder = make_folder(tmp_path_factory.mktemp("primal"))
    folder.sign("alice", "bob")
    return folder


@pytest.fixture
def folder(_signed_limits: PrimalFolder, tmp_path: Path) -> PrimalFolder:
    """Primal limits with an order value of 5,000, that two of three approvers have signed."""
    return PrimalFolder(Path(shutil.copytree(_signed_limits.path, tmp_path / "primal")))
