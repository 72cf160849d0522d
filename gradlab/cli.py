"""The command line: ``gradlab derive | verify | estimate | backward | compare | descend | report | grade | …``.

Only argparse is loaded here; what a command needs, it loads itself.
"""

from __future__ import annotations

import argparse
import os
import sys
from io import TextIOWrapper

from gradlab.commands.options import COMMANDS
from gradlab.commands.usage import Code, UsageError
from gradlab.errors import GradientMismatch, GradlabError, shown

TYPE_CHECKING = False  # as in gradlab/__init__.py
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import NoReturn

    from gradlab.commands.outcomes import Outcome

_ABOUT = """One function, its gradient three ways: derived, measured and computed by backward();
compared, then descended."""

_CODES = """exit code: 0 done, all agree; 1 the gradients differ; 2 bad input; 3 undecided, unstable or at a kink;
4 a descent diverged, or came to no number.
Results are printed on stdout, everything else on stderr. `gradlab COMMAND --help` shows an example."""


class _Parser(argparse.ArgumentParser):
    """argparse, whose errors reach ``--json`` as every other error does."""

    def _get_formatter(self) -> argparse.HelpFormatter:
        # argparse would load shutil and, with it, every compression library to ask for the width.
        return argparse.RawDescriptionHelpFormatter(self.prog, width=_width())

    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message}; `{self.prog} --help` shows how")


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    arguments = list(sys.argv[1:] if argv is None else argv) or ["--help"]
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):  # a console that lacks ∂ is to show the rest all the same
            stream.reconfigure(errors="replace")
    code: int = Code.DONE
    try:
        code = _answered(arguments)
        sys.stdout.flush()
    except KeyboardInterrupt:
        return Code.INTERRUPTED
    except BrokenPipeError:
        # Whoever read the output has gone; Python would complain again when it closes stdout.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return code


def _answered(arguments: list[str]) -> int:
    """Run the command and print what it comes to, or why it cannot be run."""
    command = next((word for word in arguments if not word.startswith("-")), None)
    script: str | None = None
    try:
        if command is not None and command not in COMMANDS:
            raise UsageError(_unknown(command))
        options, unread = _parser(command).parse_known_args(_protected(arguments))
        if unread:
            raise UsageError(_left_over(options.command, unread[0].strip()))
        _unprotect(options)
        options.arguments = arguments
        script = getattr(options, "script", None)
        command = str(options.command)
        outcome = _carried_out(options)
    except SystemExit as end:  # argparse has printed help or the version
        return int(end.code or 0)
    except GradlabError as error:
        return _failed(command if command in COMMANDS else None, error, as_object="--json" in arguments)
    except Exception as error:
        told = _in_script(error, script)
        if told is None:
            raise
        return _failed(command, told, as_object="--json" in arguments)
    if options.json:
        from gradlab.commands.outcomes import as_json

        print(as_json(command, outcome))
    elif outcome.text:
        print(shown(outcome.text))
    return outcome.code


def _unknown(command: str) -> str:
    from difflib import get_close_matches

    if command == "help":
        return "`gradlab --help` lists the commands, and `gradlab derive --help` shows how one is used"
    near = get_close_matches(command, COMMANDS, 1)
    hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(COMMANDS)}"
    return f"no command {command!r}; {hint}"


def _left_over(command: str, word: str) -> str:
    """Return what to say of a word that the command takes nowhere."""
    if word.startswith("--"):
        return f"no option {word.partition('=')[0]}; `gradlab {command} --help` lists those there are"
    return f"{word!r} is one word too many; a formula with blanks stands in quotes, 'x**2 + y', and --at goes last"


def _carried_out(options: argparse.Namespace) -> Outcome:
    from contextlib import nullcontext, redirect_stdout

    # What a user's own code prints is no result; what the demonstration prints is, unless an object is asked for.
    aside = redirect_stdout(sys.stderr) if options.command != "demo" or options.json else nullcontext()
    with aside:
        if options.command == "demo":
            return _shown(options.output)
        if options.command == "lab":
            return _opened(options)
        if options.command == "verify":  # not with the other commands: they load what it must not rest on
            from gradlab.commands.verification import verify

            return verify(options)
        if options.command in ("grade", "exercise"):
            from gradlab.commands import exercises as commands
        elif options.command == "course":
            from gradlab.commands import exporting as commands
        else:
            from gradlab.commands import verbs as commands

        run: Callable[[argparse.Namespace], Outcome] = getattr(commands, options.command)
        return run(options)


def _shown(folder: str) -> Outcome:
    from pathlib import Path

    from gradlab import demo
    from gradlab.commands.outcomes import Outcome

    result = demo.run(Path(folder))
    return Outcome("", result.as_dict(), code=Code.DONE if result.held else Code.DIFFER)


def _opened(options: argparse.Namespace) -> Outcome:
    from gradlab.commands.outcomes import Outcome
    from gradlab.lab.serving import serve

    serve(options.host, options.port, browser=not options.no_browser)
    return Outcome("")


def _failed(command: str | None, error: GradlabError, *, as_object: bool) -> int:
    print(f"gradlab{f' {command}' if command else ''}: {error}", file=sys.stderr)
    if as_object:
        from gradlab.commands.outcomes import error_as_json

        print(error_as_json(command, error))
    return Code.DIFFER if isinstance(error, GradientMismatch) else Code.BAD_INPUT


def _in_script(error: Exception, script: str | None) -> UsageError | None:
    """Return what to tell a user whose own code raised *error*; None if it was not their code."""
    if not script:
        return None
    from pathlib import Path

    from gradlab.commands.scripts import described, line_in

    path = Path(script.rpartition(":")[0])
    return None if line_in(error, path) is None else UsageError(f"{path} raised {described(error, path)}")


def _width() -> int:
    """Return the columns of the terminal; 80 where there is none."""
    try:
        return int(os.environ.get("COLUMNS") or os.get_terminal_size().columns)
    except (ValueError, OSError):
        return 80


# What is typed ---------------------------------------------------------------------------------------


def _protected(arguments: list[str]) -> list[str]:
    """Return the arguments with a blank before what begins like ``-x^2``: argparse would take it for an option."""
    if "--" in arguments:
        return arguments
    return [f" {word}" if _is_value(word) else word for word in arguments]


def _is_value(word: str) -> bool:
    return word.startswith("-") and word[1:2] not in ("-", "") and word not in ("-h", "-o")


def _unprotect(options: argparse.Namespace) -> None:
    """Take away the blanks that `_protected` put there."""
    for name, value in vars(options).items():
        if isinstance(value, str) and value.startswith(" -"):
            setattr(options, name, value[1:])


def _parser(command: str | None) -> argparse.ArgumentParser:
    """Return the parser; only the chosen command gets its options, as parsing costs start-up time."""
    from gradlab import __version__

    parser = _Parser("gradlab", description=_ABOUT, epilog=_CODES)
    parser.add_argument("--version", action="version", version=f"gradlab {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True, parser_class=_Parser)
    for name, (summary, example, add_options) in COMMANDS.items():
        own = commands.add_parser(
            name,
            help=summary,
            description=f"{summary[0].upper()}{summary[1:]}.",
            epilog=f"example:\n{example}",
        )
        if name == command:
            add_options(own)
            own.add_argument("--json", action="store_true", help="print one JSON object instead")
    return parser


if __name__ == "__main__":
    sys.exit(main())
