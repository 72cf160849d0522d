"""Stores after an accident: what is loaded is what was saved, or else it is refused by the name of the file."""

from __future__ import annotations

import io
import json
import zipfile
from random import Random

import numpy as np
import pytest

from gradlab import cli
from gradlab.descent import Trajectory, descend
from gradlab.errors import StorageError
from gradlab.symbolic import derive


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    path = tmp_path_factory.mktemp("run") / "run.npz"
    descend("x^2 + y^2", {"x": 1.0, "y": 2.0}, steps=8).save(path)
    return path.read_bytes(), json.dumps(Trajectory.load(path).as_dict())


def damaged(content, draw):
    """Return bytes after one to ten accidents: bits, bytes, cuts, swaps, repetitions, or something else altogether."""
    content = bytearray(content)
    for _ in range(draw.choice((1, 1, 2, 4, 10))):
        place, other = (draw.randrange(max(len(content), 1)) for _ in range(2))
        match draw.randrange(7) if content else 6:
            case 0 | 1:
                content[place] ^= 1 << draw.randrange(8)
            case 2:
                content[place] = draw.randrange(256)
            case 3:
                content = content[:place]
            case 4:
                content[place], content[other] = content[other], content[place]
            case 5:
                content[place:place] = content[other : other + draw.randrange(60)]
            case _:
                content = bytearray(draw.randbytes(draw.randrange(200)))
    return bytes(content)


def packed(content, draw):
    """Return an archive in which every sum is right, and the files are damaged."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    name = draw.choice([*files])
    head = files[name][:130]  # what NumPy reads as Python's notation
    files[name] = damaged(head, draw) + files[name][130:]
    if draw.random() < 0.2:
        files[f"{name}x"] = files.pop(name)
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        for each, inside in files.items():
            archive.writestr(each, inside)
    return held.getvalue()


def loaded(path, content):
    """Return what a run says that is loaded; None where it is refused by name."""
    path.write_bytes(content)
    try:
        return json.dumps(Trajectory.load(path).as_dict())
    except StorageError as error:
        return None if f"{path} is no saved trajectory: " in str(error) else f"does not name the file: {error}"


def test_a_run_is_loaded_as_it_was_saved_or_refused(saved, tmp_path):
    content, right = saved
    found = {loaded(tmp_path / "run.npz", damaged(content, Random(seed))) for seed in range(150)}
    assert found <= {right, None}
    assert None in found


def test_an_archive_of_right_sums_and_wrong_arrays_is_refused_in_words(saved, tmp_path):
    content, _ = saved
    found = [loaded(tmp_path / "run.npz", packed(content, Random(seed))) for seed in range(150)]
    assert not [said for said in found if said is not None and said.startswith("does not")]
    assert found.count(None) > 20


def test_a_run_of_another_version_is_told_its_version(saved, tmp_path):
    with np.load(io.BytesIO(saved[0])) as stored:
        arrays = dict(stored)
    words = {**json.loads(str(arrays.pop("words"))), "format": "gradlab trajectory 99"}
    np.savez(tmp_path / "run.npz", words=np.array(json.dumps(words)), **arrays)
    with pytest.raises(
        StorageError, match="its format is 'gradlab trajectory 99', and this gradlab reads 'gradlab traj"
    ):
        Trajectory.load(tmp_path / "run.npz")


def test_words_that_are_nested_too_deeply_are_refused(saved, tmp_path):
    with np.load(io.BytesIO(saved[0])) as stored:
        arrays = dict(stored)
    words = json.loads(str(arrays.pop("words")))
    words["pause"]["numbers"] = f'{{"state": [], "memories": [{"[" * 950}{"]" * 950}]}}'
    np.savez(tmp_path / "run.npz", words=np.array(json.dumps(words)), **arrays)
    assert loaded(tmp_path / "run.npz", (tmp_path / "run.npz").read_bytes()) in (None, saved[1])


@pytest.mark.parametrize("formula", ["x^2 sin(x)", "log(x + y)/y"])
def test_a_written_derivation_is_checked_or_refused_by_name(formula, tmp_path, capsys):
    path = tmp_path / "derivation.json"
    derive(formula).save(path)
    content, codes = path.read_bytes(), set()
    for seed in range(60):
        path.write_bytes(damaged(content, Random(seed)))
        code = cli.main(["verify", str(path), "--seconds", "2"])
        told = capsys.readouterr().err
        assert "Traceback" not in told
        assert code != 2 or str(path) in told, told
        codes.add(code)
    assert codes <= {0, 1, 2, 3}
    assert 2 in codes


def test_no_name_is_suggested_in_its_own_place(tmp_path, capsys):
    path = tmp_path / "derivation.json"
    derive("x^2").save(path)
    document = json.loads(path.read_text())
    document["gradient"]["x"] = "d(x, 2)"
    path.write_text(json.dumps(document))
    assert cli.main(["verify", str(path)]) == 2
    assert "'d' is not known here" in capsys.readouterr().err.splitlines()[0].partition("; did you mean 'd'")[0]
