import json

from gradlab import cli


def test_compare_draws_it_for_the_worst_component(tmp_path, capsys):
    path = tmp_path / "steps.png"
    arguments = ["compare", "x^2*y", "--at", "x=3", "y=1", "--claimed", "y=8", "--plot", str(path)]
    assert cli.main([*arguments, "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["results"]["plot"] == str(path)
    assert path.read_bytes().startswith(b"\x89PNG")


def test_a_picture_of_no_known_kind_is_refused_before_the_work(tmp_path, capsys):
    assert cli.main(["compare", "x^2", "--at", "x=3", "--plot", str(tmp_path / "steps.bmp")]) == 2
    assert ".png" in capsys.readouterr().err


def test_compare_splits_the_errors_of_the_worst_component(capsys):
    assert cli.main(["compare", "exp(x)", "--at", "x=0.1", "--errors"]) == 0
    assert "numeric at x is" in capsys.readouterr().out
    assert cli.main(["compare", "exp(x)", "--at", "x=0.1", "--errors", "--json"]) == 0
    numeric, torch_route = json.loads(capsys.readouterr().out)["results"]["errors"]
    assert (numeric["route"], torch_route["route"]) == ("numeric", "autodiff")
    assert set(numeric["parts"]) == {"truncation", "step rounding", "function rounding"}
