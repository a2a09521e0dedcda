"""The command line. Commands are imported when they are called, so that ``--help`` is quick."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import NoReturn

import click

from benchmark import __version__
from benchmark.errors import UserError, explain_os_error

COMMANDS = {
    "list": "Show methods, backbones, collections or suites.",
    "run": "Run a suite; finished work is not repeated.",
    "time": "Time a suite's methods beside the bare forward pass.",
    "status": "Say how far the cells of a results folder are.",
    "diff": "Say what differs between two results folders.",
    "rerank": "Re-rank candidates from a JSON lines file.",
    "fit": "Learn a method's heads or router from judged queries.",
    "evaluate": "Measure a TREC run file against judgements.",
    "analyze": "Measure what a backbone's layers and heads know.",
    "first-stage": "Build a first-stage run.",
    "data": "List, fetch and verify collections and their runs.",
    "new-method": "Make a method's folder, with a card and a test.",
    "check": "Say what a method's folder lacks.",
    "submit": "Pack finished cells for a pull request.",
    "ingest": "Check submissions and compute their metrics anew.",
    "verify": "Run a sample of a submission's queries again.",
    "regress": "Run the ledger of expected values again.",
    "leaderboard": "Build or serve the leaderboard.",
    "doctor": "Say what is installed, found and missing.",
}
"""Each command is the object ``command`` in the module of its name in this package, or of its name here:"""

MODULES = {"list": "listing", "first-stage": "first_stage", "new-method": "new_method"}


class Commands(click.Group):
    """Imports a command's module when the command is used."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names, in the order of `COMMANDS`."""
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command; None (click then says so) for an unknown name."""
        del ctx
        if cmd_name not in COMMANDS:
            return None
        module = import_module(f"benchmark.cli.{MODULES.get(cmd_name, cmd_name)}")
        command: click.Command = module.command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The overview, from `COMMANDS` alone: nothing is imported for it."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="rerankbench")
def cli() -> None:
    """Reproducible benchmarks of re-ranking with large language models."""


def main() -> NoReturn:
    """Entry point: a user's mistake is one clear line a problem and exit status 2."""
    try:
        cli(prog_name="rerankbench", standalone_mode=False)
    except UserError as error:
        fail(*error.problems)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except click.exceptions.Exit as error:
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        fail("Interrupted.")
    except BrokenPipeError:
        # The reader of our output went away (as `head` does): nothing more to say, not even at exit.
        sys.stderr.close()
        sys.exit(1)
    except OSError as error:
        fail(explain_os_error(error))
    sys.exit(0)


def fail(*problems: str) -> NoReturn:
    """Print each problem on standard error and exit with status 2."""
    for problem in problems:
        click.echo(f"Error: {problem}", err=True)
    sys.exit(2)
