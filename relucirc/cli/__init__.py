"""The command line: a thin layer over the library, whose commands are one table.

Exit status: 0 proved (or done), 1 refuted, 3 unknown, 2 bad input with one sentence on stderr.
"""

import argparse
import inspect
import json
import os
import sys
import warnings
from collections.abc import Sequence
from typing import Any, NoReturn

from relucirc.cli.commands import COMMANDS
from relucirc.cli.outcome import BAD_INPUT, UNKNOWN, Outcome
from relucirc.core.errors import ActivationWarning, RelucircError, shorten
from relucirc.core.journal import JournalWarning

OPTIONS = ("-h", "--help", "--version")
"""What may stand before the command."""

MAX_DIGITS = 200_000
"""Longest number that is read or printed; Python's own bound is 4,300."""

EPILOG = """examples:
  relucirc prove minimum "Min(x1, x2)"
  relucirc prove net.json "clip(x, 0, 1)" --domain "x >= -1" --certificate proof.json
  relucirc check net.json "clip(x, 0, 1)" proof.json --domain "x >= -1"
  relucirc show minimum --at 3,-5

exit status: 0 proved or done, 1 refuted, 3 unknown, 2 bad input"""


_usual_warning = warnings.showwarning


UNSURE = ("?", "*", "+")
"""How many words an argument takes where that is open."""


class _Parser(argparse.ArgumentParser):
    """An argument parser whose errors are one sentence; options may stand between arguments that may be left out."""

    between = False

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        if self.between or not any(action.nargs in UNSURE for action in self._get_positional_actions()):
            return super().parse_known_args(args, namespace)
        self.between = True
        try:
            return self.parse_known_intermixed_args(args, namespace)  # which calls this
        finally:
            self.between = False

    def error(self, message: str) -> NoReturn:
        plain = message.replace("' -", "'-").replace("ignored explicit argument", "expected no value, got")
        raise RelucircError(f"{plain.rstrip('.')}; see `{self.prog} --help`.")


def build_parser() -> argparse.ArgumentParser:
    """Returns the parser with all commands."""
    from relucirc import __version__

    raw = argparse.RawDescriptionHelpFormatter
    parser = _Parser(
        prog="relucirc",
        description="Prove what a ReLU network computes, exactly.",
        epilog=EPILOG,
        formatter_class=raw,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"relucirc {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", dest="command", required=True)
    for name, command in COMMANDS.items():
        description = inspect.getdoc(command.run)
        sub = commands.add_parser(
            name, help=command.help, description=description, formatter_class=raw, allow_abbrev=False
        )
        for names, options in command.arguments:
            sub.add_argument(*names, **options)
        sub.add_argument("--json", action="store_true", help="print one JSON object instead of text")
        sub.add_argument(
            "--activation", choices=["relu"], help="what files of arrays do not say: that their activation is ReLU"
        )
        sub.set_defaults(run=command.run)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command and returns the exit status.

    Args:
        argv: The arguments; those of the process by default.
    """
    words = list(sys.argv[1:] if argv is None else argv)
    limit = sys.get_int_max_str_digits()
    try:
        sys.set_int_max_str_digits(MAX_DIGITS)
        args = _read(words)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore" if args.activation else "always", ActivationWarning)
            warnings.simplefilter("always", JournalWarning)
            warnings.showwarning = _show_warning
            outcome = args.run(args)
        return _print(outcome, args.json)
    except SystemExit as stop:  # --help and --version have printed what was asked for
        return _flush(0 if stop.code is None else int(stop.code))
    except KeyboardInterrupt:
        return _say("interrupted.", UNKNOWN)
    except BrokenPipeError:
        return _flush(UNKNOWN)
    except RelucircError as error:
        return _say(str(error), BAD_INPUT)
    except OSError as error:
        return _say(f"{error.filename or 'input'}: {error.strerror or error}.", BAD_INPUT)
    except (RecursionError, MemoryError) as error:
        return _say(f"the input is too large for this machine ({type(error).__name__}).", BAD_INPUT)
    except Exception as error:
        if os.environ.get("RELUCIRC_DEBUG"):
            raise
        what = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
        return _say(f"internal error, please report it (RELUCIRC_DEBUG=1 shows where): {what}", BAD_INPUT)
    finally:
        sys.set_int_max_str_digits(limit)


def _read(words: Sequence[str]) -> argparse.Namespace:
    """Reads the words of a command line."""
    command = next((word for word in words if word not in OPTIONS), None)
    if command is not None and command not in COMMANDS:
        raise RelucircError(f"expected a command, one of {', '.join(COMMANDS)}; got {shorten(command)!r}.")
    args, rest = build_parser().parse_known_args([_protect(word) for word in words])
    if rest:
        found = ", ".join(shorten(word.strip()) for word in rest)
        raise RelucircError(f"unexpected arguments: {found}; see `relucirc {args.command} --help`.")
    return args


def _show_warning(message: Warning | str, category: type[Warning], *place: Any) -> None:
    if issubclass(category, ActivationWarning):
        _say(str(message).replace("activation='relu'", "--activation relu"), 0)
    elif issubclass(category, JournalWarning):
        _say(str(message), 0)
    else:
        _usual_warning(message, category, *place)


def _protect(word: str) -> str:
    """Keeps a formula or point such as ``-x`` from being taken for an option.

    The options here are long ones, ``-h`` and ``-o``; argparse takes a word with a space in it for a value.
    """
    return f" {word}" if word.startswith("-") and not word.startswith("--") and word not in ("-h", "-o", "-") else word


def _print(outcome: Outcome, as_json: bool) -> int:
    text = json.dumps(outcome.data(), indent=None, ensure_ascii=False) if as_json else outcome.text
    try:
        print(text)
    except BrokenPipeError:
        pass
    except UnicodeEncodeError:
        print(text.encode("ascii", "backslashreplace").decode())
    return _flush(outcome.status)


def _flush(status: int) -> int:
    """Flushes, and keeps the interpreter from complaining if the reader of a pipe has left."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return status


def _say(message: str, status: int) -> int:
    print("relucirc: " + " ".join(message.split()), file=sys.stderr)
    return status
