"""What the isolated process may read."""

import _ctypes
import shutil
from pathlib import Path

import pytest

from gradlab.errors import IsolationError
from gradlab.isolation import places

LOADS = """
import ctypes
from pathlib import Path

def load(library, drivers):
    (found,) = Path({site!r}).rglob("*.so*")
    ctypes.CDLL(str(found))
"""


@pytest.fixture
def site(tmp_path, monkeypatch) -> Path:
    """A folder of packages, the only one; what `load` loads is a shared library in it."""
    site = tmp_path / "site-packages"
    (tmp_path / "inside").mkdir()
    (tmp_path / "inside" / "warming.py").write_text(LOADS.format(site=str(site)))
    monkeypatch.setattr(places, "HERE", tmp_path)
    monkeypatch.setattr(places, "site_packages", lambda: [str(site)])
    return site


def test_a_shared_library_that_is_a_package_of_its_own_can_be_read(site):
    # As those of CUDA are, which torch looks for beside itself.
    library = site / "nvidia" / "cublas" / "lib"
    library.mkdir(parents=True)
    shutil.copy(_ctypes.__file__, library / "libcublas.so.13")
    (site / "secrets").mkdir()
    found = places.needed.__wrapped__("numpy")
    assert str(site / "nvidia") in found
    assert str(site / "secrets") not in found


def test_a_library_that_cannot_be_loaded_is_named(site):
    site.mkdir()
    with pytest.raises(IsolationError, match=r"numpy cannot be loaded by .*: ValueError"):
        places.needed.__wrapped__("numpy")
