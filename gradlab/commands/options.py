"""What can be typed after each command: its summary, an example, and its options.

Only argparse is loaded here, as `gradlab --help` shows all of it.
"""

from __future__ import annotations

import argparse

from gradlab.commands.usage import ENGINES

TYPE_CHECKING = False  # as in gradlab/__init__.py
if TYPE_CHECKING:
    from collections.abc import Callable


def _add_function(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "function", metavar="FUNCTION", nargs="?", help="text such as 'x**2 + y', '2x sin(x)', '-x^2', or LaTeX"
    )
    parser.add_argument(
        "--script",
        metavar="FILE.py:NAME",
        help="take the Python function NAME from your own file instead; the file is run, in this process",
    )
    parser.add_argument("--variables", nargs="+", action="extend", metavar="NAME", help="the variables, in order")
    parser.add_argument(
        "--shape", nargs="+", action="extend", metavar="X=n,d", help="shapes of variables, sizes as names or numbers"
    )
    parser.add_argument(
        "--data", nargs="+", action="extend", metavar="NAME=VALUE", help="values that are not differentiated"
    )
    parser.add_argument("--name", help="what to call the function")
    parser.add_argument(
        "--wrt", nargs="+", action="extend", metavar="NAME", help="differentiate with respect to these; all by default"
    )


_POINT = "the point: x=3, x=-1e-3, x=pi/2, x=1,2,3, X=[[1,2],[3,4]]"


def _add_at(parser: argparse.ArgumentParser, *, required: bool) -> None:
    parser.add_argument("--at", nargs="+", metavar="x=3", action="extend", required=required, help=_POINT)


def _add_descent(parser: argparse.ArgumentParser, *, required: bool) -> None:
    parser.add_argument(
        "--start", nargs="+", metavar="x=3", action="extend", required=required, help="where to start, as a point"
    )
    parser.add_argument("--rate", type=_rate, help="the learning rate; 0.1 by default, other rules have their own")
    parser.add_argument("--steps", type=_whole, help="how many steps at most; 100 by default")
    parser.add_argument("--engine", choices=ENGINES, default="auto", help="where the gradient comes from")


def _whole(written: str) -> int:
    if not written.strip().isdecimal():
        raise argparse.ArgumentTypeError(f"{written!r} is no whole number, such as 100")
    return int(written)


def _rate(written: str) -> float:
    return _positive(written, "learning rate")


def _positive(written: str, meaning: str = "number of seconds") -> float:
    try:
        number = float(written)
    except ValueError:
        number = 0.0
    if not 0 < number < float("inf"):
        raise argparse.ArgumentTypeError(f"{written.strip()!r} is no {meaning}; write a positive number such as 0.1")
    return number


def _derive(parser: argparse.ArgumentParser) -> None:
    _add_function(parser)
    _add_at(parser, required=False)
    parser.add_argument("--order", type=int, choices=(1, 2), default=1, help="2: the second derivatives too")
    parser.add_argument("--steps", action="store_true", help="show every rule that was applied: --depth rules")
    parser.add_argument(
        "--depth", choices=("result", "outline", "steps", "rules"), help="how much to show; the result by default"
    )
    parser.add_argument("--save", metavar="FILE.json", help="write it to a file too, for `gradlab verify`")
    parser.add_argument("--chain", metavar="NAME", help="the chain rule for one variable instead, factor by factor")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--latex", action="store_true", help="as LaTeX")
    form.add_argument("--markdown", action="store_true", help="as Markdown with $ mathematics")


def _verify(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE.json", help="a derivation in the format of docs/reference")
    parser.add_argument(
        "--seconds", type=_positive, default=120.0, help="how long it may take; 120 by default", metavar="S"
    )


def _estimate(parser: argparse.ArgumentParser) -> None:
    _add_function(parser)
    _add_at(parser, required=True)
    parser.add_argument(
        "--method",
        choices=("forward", "central", "complex", "richardson", "ladder"),
        default="ladder",
        help="ladder, the default: many steps, extrapolated; forward, central: one step; richardson: eight; "
        "complex: the complex step",
    )
    parser.add_argument("--steps", action="store_true", help="with the step and the evaluations of each component")


def _backward(parser: argparse.ArgumentParser) -> None:
    _add_function(parser)
    _add_at(parser, required=True)
    parser.add_argument("--dtype", choices=("float64", "float32"), default="float64", help="what torch computes in")
    parser.add_argument("--cotangent", metavar="V", help="weights, such as 1,1,1, where the value is no single number")
    parser.add_argument("--table", action="store_true", help="show every operation beside the node of torch's graph")
    parser.add_argument(
        "--graph", action="store_true", help="draw the graph in the terminal, values and deltas with it"
    )
    parser.add_argument("--svg", metavar="FILE.svg", help="write the graph as a picture")


def _compare(parser: argparse.ArgumentParser) -> None:
    _add_function(parser)
    _add_at(parser, required=True)
    parser.add_argument(
        "--claimed", nargs="+", action="extend", metavar="x=6", help="a gradient to be checked, such as your own"
    )
    parser.add_argument("--errors", action="store_true", help="split the errors of the worst component by their causes")
    parser.add_argument("--plot", metavar="FILE.png", help="draw the error of finite differences against their step")


def _descend(parser: argparse.ArgumentParser) -> None:
    _add_function(parser)
    _add_descent(parser, required=False)
    parser.add_argument(
        "--optimizer",
        nargs="+",
        metavar="NAME",
        help="the rule and its settings: adam first=0.8, momentum momentum=0.9, newton, armijo, …",
    )
    parser.add_argument(
        "--schedule",
        nargs="+",
        metavar="NAME",
        help="how the rate changes: cosine steps=100, step every=30, warm-up, …",
    )
    parser.add_argument("--batch-size", type=_whole, metavar="N", help="cut the --data into batches of N examples")
    parser.add_argument("--epochs", type=_whole, metavar="N", help="go through all batches N times at most")
    parser.add_argument("--seed", type=_whole, default=0, metavar="N", help="of the shuffling; 0 by default")
    parser.add_argument(
        "--stop",
        nargs="+",
        metavar="flat=1e-6",
        help="stop before: flat=LENGTH of the gradient, loss=VALUE, patience=STEPS without progress, seconds=S",
    )
    parser.add_argument("--keep", type=_whole, metavar="N", help="how many points to keep of a long run")
    parser.add_argument("--save", metavar="FILE", help="write the run to a file too")
    parser.add_argument("--resume", metavar="FILE", help="go on with a run that was saved, in place of --start")
    parser.add_argument("--no-check", action="store_true", help="start even where the gradients differ")
    parser.add_argument("--explain", action="store_true", help="say what a step did along each direction, and why")
    parser.add_argument("--plot", metavar="FILE.png", help="draw the descent; .svg and .pdf work too")


def _rates(parser: argparse.ArgumentParser) -> None:
    _add_function(parser)
    parser.add_argument(
        "--start", nargs="+", metavar="x=3", action="extend", required=True, help="where to start, as a point"
    )
    parser.add_argument(
        "--rates",
        nargs="+",
        action="extend",
        type=_rate,
        metavar="RATE",
        help="the rates; by default 61 around the limit of stability",
    )
    parser.add_argument(
        "--optimizer",
        nargs="+",
        metavar="NAME",
        help="the rule and its settings, as for descend: momentum momentum=0.9",
    )
    parser.add_argument("--steps", type=_whole, default=1000, help="how many steps each run takes; 1000 by default")
    parser.add_argument("--plot", metavar="FILE.png", help="draw the loss against the rate; .svg and .pdf work too")


def _report(parser: argparse.ArgumentParser) -> None:
    _add_function(parser)
    _add_at(parser, required=False)
    _add_descent(parser, required=False)
    parser.add_argument(
        "--output", "-o", metavar="FILE", help="where to write it, as .md, .html, .pdf, .tex, .docx or .ipynb"
    )
    parser.add_argument(
        "--format",
        choices=("md", "html", "pdf", "tex", "docx", "ipynb"),
        help="the format; by default FILE's ending says",
    )
    parser.add_argument(
        "--depth", choices=("result", "outline", "steps", "rules"), help="how much of a derivation to show"
    )
    parser.add_argument("--title", help="the title of the document")
    parser.add_argument("--author", help="who wrote it")
    parser.add_argument("--language", choices=("en", "de"), help="of the fixed words; English by default")
    parser.add_argument(
        "--kind", choices=("report", "worksheet", "solutions"), help="a worksheet leaves the results blank"
    )
    parser.add_argument("--seed", type=int, help="other numbers in a worksheet and its solutions, for each student")


def _grade(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "exercise", metavar="EXERCISE", help="a function such as 'x^2 sin(x)', or a file exercises.toml"
    )
    parser.add_argument("answer", metavar="ANSWER", help="what the student wrote, as text or LaTeX, or a file of code")
    parser.add_argument("--ask", default="derivative", help="what is asked of a function; the derivative by default")
    parser.add_argument("--wrt", nargs="+", action="extend", metavar="NAME", help="with respect to these")
    parser.add_argument("--at", nargs="+", metavar="x=3", action="extend", help=_POINT)
    parser.add_argument("--rate", help="the learning rate of a step")
    parser.add_argument("--variables", nargs="+", action="extend", metavar="NAME", help="the variables, in order")
    parser.add_argument("--number", type=_whole, metavar="N", help="which exercise of the file; the first by default")
    parser.add_argument("--work", action="store_true", help="the answer is work: sides of equations, each followed")
    parser.add_argument("--teacher", action="store_true", help="show what proves the verdict, and all explanations")
    parser.add_argument("--trust", action="store_true", help="run code that is your own, without isolation")
    course = parser.add_argument_group("a whole course, with -o: ANSWER is a folder, a zip file or a CSV file")
    course.add_argument("-o", "--output", metavar="RESULTS", help="an SQLite file, made or gone on with")
    course.add_argument("--engine", choices=("processes", "dask"), default="processes", help="where it is graded")
    course.add_argument("--workers", type=_whole, metavar="N", help="how many processes; one for each core by default")
    course.add_argument("--scheduler", metavar="tcp://HOST:PORT", help="the scheduler of a Dask cluster")
    course.add_argument("--secret-file", metavar="FILE", help="what inputs of code are drawn by; made if not given")
    course.add_argument("--progress", action="store_true", help="show progress where stderr is no terminal, too")


def _exercise(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("action", choices=("new", "check", "solve"), help="make some; check or solve those of a file")
    parser.add_argument("file", metavar="FILE.toml", nargs="?", help="a file of exercises, to be checked or solved")
    parser.add_argument("--rules", default="chain", help="the rules that are wanted: power,sum,product,quotient,chain")
    parser.add_argument("--count", type=_whole, default=5, help="how many; 5 by default")
    parser.add_argument("--seed", type=int, default=0, help="the same seed gives the same exercises")
    parser.add_argument("--level", type=int, choices=(1, 2, 3), default=1, help="how long the derivations are")
    parser.add_argument("--number", type=_whole, metavar="N", help="solve this one only")
    parser.add_argument("--output", "-o", metavar="FILE.toml", help="where to write them, else to stdout")


def _course(parser: argparse.ArgumentParser) -> None:
    actions = ("export", "report", "pages", "autograder", "nbgrader", "otter")
    parser.add_argument("action", choices=actions, help="what is to be made")
    parser.add_argument(
        "results",
        metavar="FILE",
        help="the results that `gradlab grade` wrote; for autograder, nbgrader and otter a file of exercises",
    )
    forms = ("csv", "json", "gradescope", "nbgrader", "canvas", "moodle")
    parser.add_argument("--to", choices=forms, help="the form of an export")
    parser.add_argument("--gradebook", metavar="FILE.csv", help="the table that Canvas or Moodle exported")
    parser.add_argument("--assignment", metavar="TITLE", help="the column of Canvas's table")
    parser.add_argument("--output", "-o", metavar="PATH", required=True, help="the file or folder to be written")


def _demo(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--output", "-o", metavar="DIR", default="gradlab-demo", help="where the report goes")


def _lab(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--host", default="127.0.0.1", help="who can reach it; 127.0.0.1, this machine alone, by default"
    )
    parser.add_argument("--port", type=_whole, default=2027, help="2027 by default; 0 for any that is free")
    parser.add_argument("--no-browser", action="store_true", help="print the address, and open nothing")


COMMANDS: dict[str, tuple[str, str, Callable[[argparse.ArgumentParser], None]]] = {
    "derive": ("derive the exact gradient, step by step", '  gradlab derive "x**2 + y" --steps', _derive),
    "verify": ("check a derivation in a file without the rules", "  gradlab verify derivation.json", _verify),
    "estimate": ("estimate the gradient by finite differences", '  gradlab estimate "sin(x)" --at x=1', _estimate),
    "backward": (
        "let PyTorch's backward() compute the gradient",
        '  gradlab backward "x**2 + y" --at x=3 y=1',
        _backward,
    ),
    "compare": (
        "compare the three, and a gradient of your own with them",
        '  gradlab compare "x**2 + y" --at x=3 y=1 --claimed x=6 y=1',
        _compare,
    ),
    "descend": (
        "compare at the start, then descend",
        '  gradlab descend "(x - 2)**2" --start x=5 --rate 0.1 --steps 20 --plot path.png',
        _descend,
    ),
    "rates": (
        "descend at many learning rates at once, and suggest one",
        '  gradlab rates "x**2 + 10*y**2" --start x=3 y=1 --plot rates.png',
        _rates,
    ),
    "report": (
        "write a document about a function",
        '  gradlab report "x**2 + y**2" --at x=3 y=1 --start x=3 y=1 --output report.md',
        _report,
    ),
    "grade": ("grade an answer", '  gradlab grade "x^2 sin(x)" "2x cos(x)"', _grade),
    "exercise": (
        "make exercises, check or solve a file of them",
        "  gradlab exercise new --rules chain,product --count 20 --seed 7",
        _exercise,
    ),
    "lab": ("open a page to type a function and see it descend", "  gradlab lab", _lab),
    "course": (
        "export results, report on a class, write pages of feedback",
        "  gradlab course export results.db --to csv -o exported",
        _course,
    ),
    "demo": ("fit a rollercoaster's speed, from derivation to descent", "  gradlab demo --output gradlab-demo", _demo),
}
