from __future__ import annotations

import pickle
import zipfile

import numpy as np
import pytest

from gradlab.descent import storage

WORDS = {"a": "∂f/∂x", "n": [1, 2, None]}
ARRAYS = {"points": np.arange(6.0).reshape(3, 2), "losses": np.array([1.5, np.inf, np.nan])}


def test_what_is_written_is_read_back_bit_for_bit(tmp_path):
    storage.write(tmp_path / "run", WORDS, ARRAYS)
    words, arrays = storage.read(tmp_path / "run")
    assert words == WORDS
    for name, array in ARRAYS.items():
        assert np.array_equal(arrays[name], array, equal_nan=True)


def test_the_file_is_named_as_it_was_asked_for(tmp_path):
    storage.write(tmp_path / "run.descent", WORDS, ARRAYS)
    assert [path.name for path in tmp_path.iterdir()] == ["run.descent"]


class Harmful:
    def __reduce__(self):
        return (pytest.fail, ("it was unpickled",))


def write_pickle(path):
    path.write_bytes(pickle.dumps(Harmful()))


def write_object_array(path):
    with open(path, "wb") as file:
        np.savez(file, words=np.array([Harmful()], dtype=object))


def write_other_npz(path):
    with open(path, "wb") as file:
        np.savez(file, x=np.zeros(3))


def write_integers(path):
    storage.write(path, WORDS, {"points": np.arange(3)})


def write_text(path):
    path.write_text("step,loss\n0,1\n")


def write_nothing(path):
    path.write_bytes(b"")


def write_deep_words(path):
    with open(path, "wb") as file:
        np.savez(file, words=np.array("[" * 100_000))


def write_half(path):
    storage.write(path, WORDS, ARRAYS)
    path.write_bytes(path.read_bytes()[:300])


def write_bomb(path):
    storage.write(path, WORDS, ARRAYS)
    with np.load(path) as stored:
        entries = dict(stored)
    with open(path, "wb") as file:
        np.savez_compressed(file, **entries | {"points": np.zeros(5_000_000)})
    assert path.stat().st_size < 100_000


def write_array_that_claims_a_petabyte(path):
    storage.write(path, WORDS, {"points": np.zeros(3)})
    with zipfile.ZipFile(path) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    header = entries["points.npy"].replace(b"(3,), }                ", b"(100000000000000,), }  ")
    assert len(header) == len(entries["points.npy"])
    assert header != entries["points.npy"]
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in (entries | {"points.npy": header}).items():
            archive.writestr(name, content)


@pytest.mark.parametrize(
    "write",
    [
        write_pickle,
        write_object_array,
        write_other_npz,
        write_integers,
        write_text,
        write_nothing,
        write_deep_words,
        write_half,
        write_bomb,
        write_array_that_claims_a_petabyte,
    ],
)
def test_a_file_that_is_none_is_refused_and_nothing_in_it_is_run(tmp_path, write):
    path = tmp_path / "run"
    write(path)
    with pytest.raises(ValueError, match="is no saved trajectory"):
        storage.read(path)


def test_a_missing_file_is_said_to_be_missing(tmp_path):
    with pytest.raises(FileNotFoundError):
        storage.read(tmp_path / "run")
