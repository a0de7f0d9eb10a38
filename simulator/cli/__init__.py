"""The command line: which commands there are, and how errors are told. Wiring.

A command is a module of this package with an object `command`; it is imported when it is used, so that
`validate` does not pay for a server. To add one, add its module and its line in `COMMANDS`.
"""

import importlib
import os
import sys
from collections.abc import Sequence
from typing import Any

import click

from simulator import __version__

COMMANDS = {
    "serve": "simulator.cli.serve",
    "validate": "simulator.cli.validate",
    "explain": "simulator.cli.explain",
    "replay": "simulator.cli.replay",
    "scenario": "simulator.cli.scenario",
    "fit": "simulator.cli.fit",
    "calibrate": "simulator.cli.calibrate",
    "config": "simulator.cli.show",
    "models": "simulator.cli.models",
    "top": "simulator.cli.top",
}


class Told(click.ClickException):
    """A failure in words for the user: lines for standard error, exit code 1."""

    def show(self, file: Any = None) -> None:
        """Write the lines as they are."""
        click.echo(self.format_message(), err=file is None, file=file)


class Commands(click.Group):
    """Imports a command when it is named, and turns every exception into lines with a hint.

    Exit codes: 1 for a failure, 2 for wrong usage, 130 for an interrupt. `--debug` lets exceptions through.
    """

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """The names, in the order of the help page."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - as above
        """The command of a name, imported on first use."""
        module = COMMANDS.get(cmd_name)
        if module is None:
            return None
        found: click.Command = importlib.import_module(module).command
        return found

    def invoke(self, ctx: click.Context) -> Any:
        """Run what the arguments say."""
        try:
            return super().invoke(ctx)
        except (click.ClickException, click.exceptions.Exit, click.Abort, BrokenPipeError):
            raise
        except Exception as error:
            if ctx.params.get("debug"):
                raise
            raise Told(_words(error)) from error


def _words(error: Exception) -> str:
    from simulator.config.faults import ConfigError  # noqa: PLC0415 - only a failure needs it

    if isinstance(error, ConfigError):
        if len(error.faults) == 1:
            return f"Error: {error.faults[0]}"
        head = f"Error: the configuration has {len(error.faults)} faults\n"
        return head + "\n".join(f"  {fault}" for fault in error.faults)
    reason = " ".join(str(error).split()) or type(error).__name__
    return f"Error: {reason} ({type(error).__name__}; run again with --debug before the command for a traceback)"


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="llm-simulator")
@click.option("--debug", is_flag=True, help="Show tracebacks.")
def cli(debug: bool) -> None:
    """A fleet that answers like OpenAI, Anthropic and other model APIs, with no model behind it."""


def main(args: Sequence[str] | None = None) -> None:
    """The entry point `llm-simulator`. Ends the process with the command's exit code."""
    # numpy's BLAS would start threads at import, which must not be there before a fork.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    cli.main(args=list(sys.argv[1:] if args is None else args), prog_name="llm-simulator")
