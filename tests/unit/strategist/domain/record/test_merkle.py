from hashlib import sha256

import pytest

from cio_strategist.domain.record import merkle

# The leaves and roots of the test vectors of RFC 6962's reference implementation.
LEAVES = [
    bytes.fromhex(text)
    for text in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
]
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
HASHES = [sha256(b"\x00" + leaf).digest() for leaf in LEAVES]


@pytest.mark.parametrize("size", range(1, len(ROOTS) + 1))
def test_the_root_is_that_of_the_published_vectors(size: int) -> None:
    tree = merkle.GrowingTree()
    for leaf in HASHES[:size]:
        tree.add(leaf)
    assert tree.root().hex() == ROOTS[size - 1]


def test_a_tree_without_leaves_has_no_root() -> None:
    with pytest.raises(ValueError, match="no root"):
        merkle.GrowingTree().root()


def test_there_is_no_path_from_a_leaf_that_is_not_there() -> None:
    with pytest.raises(IndexError):
        merkle.audit_path(HASHES, len(HASHES))


def test_a_path_that_is_too_long_or_too_short_leads_nowhere() -> None:
    path = merkle.audit_path(HASHES, 3)
    assert merkle.root_of_path(HASHES[3], 3, 8, path) is not None
    assert merkle.root_of_path(HASHES[3], 3, 8, path[:-1]) is None
    assert merkle.root_of_path(HASHES[3], 3, 8, (*path, HASHES[0])) is None
    assert merkle.root_of_path(HASHES[3], 8, 8, path) is None
