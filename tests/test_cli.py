"""The command line: what each command prints where, and how it ends."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from gradlab import __version__, cli
from gradlab.cli import main
from gradlab.commands import options

COMMANDS = ("derive", "verify", "estimate", "backward", "compare", "descend", "rates", "report", "demo")


@pytest.fixture
def run(capsys):
    """Run a command in this process; return its exit code, what it printed and what it said."""

    def run(*words):
        code = main(words)
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return run


@pytest.fixture
def run_json(run):
    """Run a command with --json; return its exit code and the one object."""

    def run_json(*words):
        code, out, _ = run(*words, "--json")
        assert out.count("\n") == 1
        return code, json.loads(out, parse_constant=lambda constant: pytest.fail(f"{constant} is no JSON"))

    return run_json


# Help ------------------------------------------------------------------------------------------------


def test_the_help_lists_every_command_and_exit_code(run):
    code, out, _ = run("--help")
    assert code == 0
    assert all(f"\n    {name} " in out for name in COMMANDS)
    assert "0 done, all agree; 1 the gradients differ; 2 bad input; 3 undecided, unstable or at a kink;" in out
    assert "\n4 a descent diverged, or came to no number." in out


@pytest.mark.parametrize("command", COMMANDS)
def test_the_help_of_a_command_shows_an_example_and_json(run, command):
    code, out, _ = run(command, "--help")
    assert code == 0
    assert f"example:\n  gradlab {command} " in out
    assert "--json" in out


@pytest.mark.parametrize("command", [name for name in COMMANDS if name not in ("demo", "verify")])
def test_the_help_says_that_a_script_is_run(run, command):
    _, out, _ = run(command, "--help")
    assert "the file is run, in this process" in " ".join(out.split())


@pytest.mark.parametrize("command", [name for name in COMMANDS if name not in ("demo", "report", "verify")])
def test_the_example_of_a_command_works(run, command, tmp_path, monkeypatch):
    import shlex

    monkeypatch.chdir(tmp_path)
    _, example, _ = options.COMMANDS[command]
    program, *words = shlex.split(example)
    code, out, _ = run(*words)
    assert (program, code) == ("gradlab", 0)
    assert "f(" in out or "∂f" in out


def test_the_version_is_the_package_s(run):
    import gradlab

    assert run("--version") == (0, f"gradlab {gradlab.__version__}\n", "")


def test_the_choices_are_those_of_the_functions(run):
    from gradlab.descent.engines import ENGINES
    from gradlab.numeric.estimation import METHODS

    assert f"--method {{{','.join(METHODS)}}}" in " ".join(run("estimate", "--help")[1].split())
    assert set(ENGINES) == {"exact", "torch", "numeric", "compiled"}
    assert "{auto,exact,torch,numeric,compiled}" in run("descend", "--help")[1]


# Each command ----------------------------------------------------------------------------------------


def test_derive_prints_the_gradient(run):
    assert run("derive", "x**2 + y") == (0, "f(x, y) = x² + y\n∂f/∂x = 2 x\n∂f/∂y = 1\n", "")


def test_derive_shows_steps_latex_and_markdown(run):
    assert "power rule" in run("derive", "x**2", "--steps")[1]
    assert run("derive", "x**2", "--latex")[1].startswith("\\begin{aligned}\n")
    assert run("derive", "x**2", "--markdown")[1].startswith("$$\n")


def test_derive_shows_as_much_as_is_asked_for(run):
    outputs = [run("derive", "x*sin(x^2)", "--depth", depth)[1] for depth in ("result", "outline", "steps", "rules")]
    assert [output.count("\n") for output in outputs] == [2, 7, 10, 13]
    assert run("derive", "x*sin(x^2)", "--steps")[1] == outputs[-1]


def test_a_saved_derivation_is_accepted_by_verify(run, tmp_path):
    path = tmp_path / "derivation.json"
    assert run("derive", "x*sin(x^2)", "--save", str(path))[0] == 0
    code, out, _ = run("verify", str(path))
    assert (code, out.partition(":")[0]) == (0, "accepted")
    path.write_text(path.read_text().replace("cos(x**2)*2*x", "cos(x**2)*3*x"))
    code, out, _ = run("verify", str(path))
    assert code == 1
    assert "line " in out
    assert run("derive", "x", "--save", str(tmp_path / "no" / "folder.json"))[0] == 2


def test_derive_shows_the_chain_rule_for_one_variable(run, run_json):
    code, out, _ = run("derive", "exp(sin(x))", "--chain", "x", "--at", "x=0")
    assert code == 0
    assert out.splitlines()[0] == "∂f/∂x = ∂f/∂u · ∂u/∂x"
    assert out.splitlines()[-1] == "∂f/∂x = 1"
    _, found = run_json("derive", "exp(sin(x))", "--chain", "x", "--at", "x=0")
    assert found["results"]["factors"] == {"∂f/∂u": "exp(u)", "∂u/∂x": "cos(x)"}
    assert found["results"]["total"] == 1


def test_derive_knows_variables_shapes_data_and_a_name(run):
    _, out, _ = run(
        *("derive", "sum((X @ w - y)**2)", "--variables", "w", "--shape", "X=n,d", "w=d", "y=n", "--name", "loss"),
        *("--data", "X=[[1, 2], [3, 4], [5, 6]]", "y=1,2,3", "--wrt", "w"),
    )
    assert "∂loss/∂w = " in out


def test_derive_at_a_point_gives_its_value(run_json):
    code, found = run_json("derive", "x**2 + y", "--at", "x=-3", "y=1e-3")
    assert code == 0
    assert found["results"]["value"]["partials"] == {"x": -6.0, "y": 1.0}


def test_derive_knows_the_second_order(run, run_json):
    code, out, _ = run("derive", "x^2*y", "--order", "2")
    assert code == 0
    assert out.splitlines()[-3:] == ["∂²f/∂x² = 2 y", "∂²f/∂x∂y = 2 x", "∂²f/∂y² = 0"]
    _, out, _ = run("derive", "x^2*y", "--order", "2", "--at", "x=3", "y=1")
    assert "Hessian at x = 3, y = 1 (x, y):\n  2  6\n  6  0\neigenvalues [-5.08276, 7.08276]: indefinite" in out
    _, found = run_json("derive", "x^2*y", "--order", "2", "--at", "x=3", "y=1")
    assert found["results"]["hessian"] == {"x": {"x": "2 y", "y": "2 x"}, "y": {"x": "2 x", "y": "0"}}
    assert found["results"]["curvature"]["hessian"] == [[2, 6], [6, 0]]
    code, found = run_json("derive", "x^(3/2)", "--order", "2", "--at", "x=0")
    assert (code, found["results"]["value"]["partials"]["x"]) == (3, 0)
    assert "infinite" in found["results"]["undecided"]


@pytest.mark.parametrize("function", ["-x^2", "-x**2 + 0", "- x^2"])
def test_a_function_may_begin_with_a_minus(run_json, function):
    assert run_json("derive", function, "--at", "x=-3")[1]["results"]["value"]["partials"] == {"x": 6.0}


def test_a_bare_value_may_be_negative(run_json):
    assert run_json("derive", "x^2", "--at", "-1e-1")[1]["results"]["value"]["partials"] == {"x": -0.2}


def test_a_title_may_begin_with_a_minus(run):
    assert run("report", "x^2", "--title", "-1")[1].startswith("# -1\n")


def test_a_function_after_two_dashes_is_taken_as_it_is(run):
    assert run("derive", "--", "-x^2")[1].startswith("f(x) = -x²\n")


def test_estimate_gives_a_bound(run_json):
    code, found = run_json("estimate", "x**2 + y", "--at", "x=3", "y=1", "--method", "central")
    assert code == 0
    assert abs(found["results"]["partials"]["x"] - 6) <= found["results"]["error"]["x"] < 1e-6


def test_estimate_at_a_kink_ends_with_3(run_json):
    code, found = run_json("estimate", "abs(x)", "--at", "x=0")
    assert (code, found["ok"], found["verdict"]) == (3, False, "kink")
    assert found["results"]["slopes"] == {"x": [-1.0, 1.0]}


def test_backward_takes_a_vector(run_json):
    code, found = run_json("backward", "sum(x**2)", "--at", "x=3,4,10")
    assert (code, found["results"]["value"]) == (0, 125.0)
    assert found["results"]["partials"] == {"x": [6.0, 8.0, 20.0]}


def test_backward_wants_a_cotangent_where_the_value_is_no_number(run, run_json):
    code, out, err = run("backward", "x**2", "--at", "x=3,4,10")
    assert (code, out) == (2, "")
    assert "cotangent" in err
    _, found = run_json("backward", "x**2", "--at", "x=3,4,10", "--cotangent", "1,0,1")
    assert found["results"]["partials"] == {"x": [6.0, 0.0, 20.0]}


@pytest.mark.parametrize(
    ("words", "code", "verdict"),
    [
        (["x**2 + y", "--at", "x=3", "y=1"], 0, "agree"),
        (["x**2 + y", "--at", "x=3", "y=1", "--claimed", "x=6", "y=1"], 0, "agree"),
        (["x**2 + y", "--at", "x=3", "y=1", "--claimed", "x=6.1", "y=1"], 1, "differ"),
        (["abs(x)", "--at", "x=0"], 3, "kink"),
    ],
)
def test_compare_ends_with_the_code_of_its_verdict(run_json, words, code, verdict):
    ended, found = run_json("compare", *words)
    assert (ended, found["verdict"], found["ok"]) == (code, verdict, code == 0)


def test_compare_prints_a_table_with_the_verdict(run):
    code, out, err = run("compare", "x**2 + y", "--at", "x=3", "y=1")
    assert (code, err) == (0, "")
    assert "agree" in out


def test_descend_prints_the_path_and_the_diagnosis(run_json):
    code, found = run_json("descend", "x**2", "--start", "x=3", "--rate", "0.25", "--steps", "2")
    assert code == 0
    assert found["results"]["losses"] == [9.0, 2.25, 0.5625]
    assert found["results"]["diagnosis"].startswith("converging")


def test_descend_explains_itself(run, run_json):
    code, out, _ = run("descend", "x**2 + 10*y**2", "--start", "x=3", "y=1", "--rate", "0.11", "--explain")
    assert code == 4
    assert out.count("diverging: ") == 1
    assert "0.11 is above 0.1 = 2/λ_max, so each step multiplies the error along y by -1.2" in out
    assert "predicted" in out
    _, found = run_json("descend", "x**2 + 10*y**2", "--start", "x=3", "y=1", "--rate", "0.11", "--explain")
    assert found["results"]["explanation"]["limit"] == pytest.approx(0.1)


def test_rates_are_swept_and_one_is_suggested(run, run_json, tmp_path):
    picture = tmp_path / "rates.png"
    code, out, _ = run("rates", "x**2 + 10*y**2", "--start", "x=3", "y=1", "--steps", "50", "--plot", str(picture))
    assert code == 0
    assert "limit of stability: 0.1" in out
    assert "suggested: 0.08254, " in out
    assert picture.read_bytes().startswith(b"\x89PNG")
    _, found = run_json("rates", "x**2", "--start", "x=3", "--optimizer", "momentum", "momentum=0.5", "--steps", "50")
    assert found["results"]["rule"] == "Momentum"
    assert found["results"]["limit"] == pytest.approx(1.5)
    _, found = run_json("rates", "x**2", "--start", "x=3", "--rates", "0.1", "0.4", "--steps", "9")
    assert found["results"]["suggested"] == 0.4


def test_descend_draws_its_path(run, tmp_path):
    picture = tmp_path / "path.png"
    code, out, _ = run("descend", "x**2 + y**2", "--start", "x=3", "y=1", "--steps", "3", "--plot", str(picture))
    assert code == 0
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert str(picture) in out


def test_report_writes_a_document(run_json, tmp_path):
    document = tmp_path / "squares.md"
    at = ["x=3", "y=1"]
    code, found = run_json(
        *("report", "x**2 + y**2", "--at", *at, "--start", *at, "--steps", "5", "--title", "A < B"),
        *("--output", str(document)),
    )
    assert (code, found["verdict"], found["results"]["path"]) == (0, "agree", str(document))
    assert document.read_text(encoding="utf-8").startswith("# A \\< B\n")


def test_report_without_a_file_goes_to_stdout(run):
    code, out, err = run("report", "x**2 + y")
    assert (code, err) == (0, "")
    assert out.startswith("# The gradient of f(x, y)\n")


# Functions from a file ---------------------------------------------------------------------------------


@pytest.fixture
def script(tmp_path, monkeypatch):
    """A user's file, that prints, and whose functions work and fail."""
    path = tmp_path / "users_own_fit.py"
    path.write_text(
        "print('loading')\n"
        "def loss(x):\n"
        "    print('called')\n"
        "    return (x**2).sum()\n"
        "def broken(x):\n"
        "    return (x**2).sum() / len(undefined)\n",
        encoding="utf-8",
    )
    monkeypatch.setattr(sys, "path", [*sys.path])
    yield path
    for name in ("users_own_fit", "script_users_own_fit"):
        sys.modules.pop(name, None)


def test_a_function_comes_from_a_users_file_whose_prints_are_no_results(run, script):
    code, out, err = run("estimate", "--script", f"{script}:loss", "--at", "3,4,10", "--json")
    assert code == 0
    assert json.loads(out)["results"]["value"] == 125.0
    assert "loading" in err


def test_a_failing_users_function_is_named_with_its_line(run, script):
    code, out, err = run("estimate", "--script", f"{script}:broken", "--at", "3,4,10")
    assert (code, out) == (2, "")
    assert "NameError" in err
    assert "line 6" in err
    assert "Traceback" not in err


def test_a_function_and_a_script_are_one_too_many(run, script):
    code, _, err = run("derive", "x**2", "--script", f"{script}:loss")
    assert code == 2
    assert "not both" in err


# Bad input -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["dervie", "x"], "no command 'dervie'; did you mean 'derive'?"),
        (["help"], "`gradlab --help` lists the commands"),
        (["derive", "x**2", "+", "y"], "'+' is one word too many; a formula with blanks stands in quotes"),
        (["lab", "--port", "x"], "argument --port: 'x' is no whole number"),
        (["derive"], "no function: write one such as 'x**2 + y'"),
        (["derive", "2*cosine(x)"], "no function named 'cosine'; did you mean 'cos'?\n  2*cosine(x)\n    ^"),
        (["derive", "-cosine(x)"], "\n  -cosine(x)\n   ^"),
        (["derive", ""], "nothing to read"),
        (["derive", "x", "--wrt", "z"], "z"),
        (["derive", "x", "--variables", "y"], "x"),
        (["derive", "x", "--stps"], "no option --stps; `gradlab derive --help` lists those there are"),
        (["compare", "x**2 + y", "--at", "x=3"], "no value for y"),
        (["compare", "x", "--at", "x=three"], "'three' is no number"),
        (["compare", "x", "--at", "x=nan"], "x = nan is not a finite number"),
        (["compare", "--at", "x=3", "x**2"], "'x**2' was taken for a point, write it before --at"),
        (["compare", "x"], "the following arguments are required: --at"),
        (
            ["rates", "x**2", "--start", "x=3", "--rates", "-1"],
            "'-1' is no learning rate; write a positive number such as 0.1",
        ),
        (["rates", "x**2", "--start", "x=3", "--optimizer", "armijo"], "there is no rate to sweep"),
        (["rates", "x**2", "--start", "x=3", "--steps", "0"], "a sweep takes at least one step"),
        (
            ["descend", "x**2", "--start", "x=3", "--rate", "-1"],
            "'-1' is no learning rate; write a positive number such as 0.1",
        ),
        (["descend", "x**2", "--start", "x=3", "--steps", "2.5"], "'2.5' is no whole number, such as 100"),
        (["descend", "x**2", "--start", "x=3", "--plot", "path.gif"], "write .png, .svg, .pdf"),
        (
            ["report", "x**2", "--output", "report.odt"],
            "write .md, .html, .pdf, .tex, .docx, .ipynb, such as 'report.md'",
        ),
        (["report", "x**2", "--output", "nowhere/report.md"], "there is no folder 'nowhere'"),
        (["estimate", "log(x)", "--at", "x=-1"], "log"),
    ],
)
def test_bad_input_ends_with_2_and_says_what_is_wrong(run, words, said):
    code, out, err = run(*words)
    assert (code, out) == (2, "")
    assert said in err
    assert "Traceback" not in err


def test_gradlab_alone_prints_its_help(run):
    code, out, err = run()
    assert (code, err) == (0, "")
    assert "derive the exact gradient, step by step" in out


def test_with_json_an_error_is_an_object_on_stdout_too(run):
    code, out, err = run("derive", "2*cosine(x)", "--json")
    assert code == 2
    error = json.loads(out)["error"]
    assert error["kind"] == "ParseError"
    assert error["message"] in err


def test_with_json_a_misspelt_option_is_an_object_too(run):
    code, out, _ = run("derive", "x", "--stps", "--json")
    assert code == 2
    assert "--stps" in json.loads(out)["error"]["message"]


def test_a_fault_of_gradlab_itself_is_not_hidden(monkeypatch):
    monkeypatch.setattr("gradlab.commands.verbs.derive", lambda options: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        main(["derive", "x"])


def test_an_interrupted_command_ends_with_130(monkeypatch):
    def interrupted(options):
        raise KeyboardInterrupt

    monkeypatch.setattr("gradlab.commands.verbs.derive", interrupted)
    assert main(["derive", "x"]) == 130


# In a process of its own -----------------------------------------------------------------------------


def in_a_process(*words, **options):
    return subprocess.run([sys.executable, *words], capture_output=True, text=True, timeout=120, **options)


@pytest.mark.parametrize("words", [["--help"], ["derive", "--help"], ["--version"], ["derive", "x**2 + y"]])
def test_what_needs_no_library_loads_none(words):
    program = (
        f"import sys; from gradlab.cli import main; main({words!r}); print(*sys.modules, sep=chr(10), file=sys.stderr)"
    )
    loaded = set(in_a_process("-c", program).stderr.split("\n"))
    assert "gradlab.cli" in loaded
    assert not loaded & {"numpy", "sympy", "flint", "torch", "matplotlib"}


def test_a_reader_who_leaves_early_is_no_error():
    reading, writing = os.pipe()
    os.close(reading)
    words = [sys.executable, "-m", "gradlab.cli", "derive", "x**2"]
    try:
        left = subprocess.run(
            words, stdout=writing, stderr=subprocess.PIPE, timeout=60, cwd=Path(cli.__file__).parents[1]
        )
    finally:
        os.close(writing)
    assert (left.returncode, left.stderr) == (0, b"")


def test_a_console_without_mathematics_shows_the_rest():
    shown = in_a_process(
        "-m", "gradlab.cli", "derive", "x**2 + y", env={**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    )
    assert (shown.returncode, shown.stderr) == (0, "")
    assert "?f/?x = 2 x" in shown.stdout


def test_backward_shows_the_table_the_graph_and_a_picture(run, tmp_path):
    picture = tmp_path / "graph.svg"
    code, out, _ = run("backward", "x*sin(x^2)", "--at", "x=1", "--table", "--graph", "--svg", str(picture))
    assert code == 0
    assert "SinBackward0" in out
    assert "├─● x²" in out
    assert out.endswith(f"picture: {picture}\n")
    assert picture.read_text(encoding="utf-8").startswith("<svg ")


def test_backward_puts_the_table_into_json(run_json):
    code, found = run_json("backward", "x*sin(x^2)", "--at", "x=1", "--table")
    assert code == 0
    assert [row["node"] for row in found["results"]["table"]["rows"]][-1] == "MulBackward0"
    assert "table" not in run_json("backward", "x^2", "--at", "x=1")[1]["results"]


def test_backward_exits_1_where_the_table_finds_a_wrong_gradient(run, tmp_path):
    script = tmp_path / "wrong.py"
    script.write_text(
        "import torch\n"
        "class Wrong(torch.autograd.Function):\n"
        "    @staticmethod\n"
        "    def forward(ctx, u):\n"
        "        return torch.sin(u)\n"
        "    @staticmethod\n"
        "    def backward(ctx, delta):\n"
        "        return delta\n"
        "def loss(x):\n"
        "    y = Wrong.apply(2 * x)\n"
        "    return y**2\n",
        encoding="utf-8",
    )
    code, out, _ = run("backward", "--script", f"{script}:loss", "--at", "x=1", "--table")
    assert code == 1
    assert "The first disagreement from the output back is at 2 x" in out


def test_a_picture_that_cannot_be_written_is_refused_before_the_work(run, tmp_path):
    code, _, err = run("backward", "x^2", "--at", "x=1", "--svg", str(tmp_path / "graph.png"))
    assert code == 2
    assert "write .svg" in err


def test_a_flag_given_twice_adds_to_what_it_had(run):
    together = run("derive", "w^T X^T X w", "--shape", "X=n,d", "w=d", "--wrt", "w", "X")
    assert run("derive", "w^T X^T X w", "--shape", "X=n,d", "--shape", "w=d", "--wrt", "w", "--wrt", "X") == together
    assert together[0] == 0
    assert "∂f/∂X" in together[1]


def test_it_runs_as_a_module():
    done = in_a_process("-m", "gradlab", "--version")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("gradlab ")


def test_the_citation_file_says_what_the_project_says():
    import tomllib

    import yaml

    root = Path(cli.__file__).parents[1]
    cited = yaml.safe_load((root / "CITATION.cff").read_text(encoding="utf-8"))
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert (cited["title"], cited["version"]) == (project["name"], __version__)
    assert cited["license"] == project["license"].partition(" AND ")[0]  # its own; the rest is that of parts by others
    assert cited["abstract"] == project["description"]
