"""Reads the shell's words by the commands' own descriptions. The only importer of click."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib import import_module

import click

from core import __version__
from core.cli.commands import ALL
from core.cli.names import COMMANDS
from core.cli.outside import Outside
from core.cli.quick import mistyped
from core.cli.spec import Argument, Command, Given, Option
from core.cli.terminal import Terminal
from core.errors import AppError, NotBuilt

INTERRUPTED = 130
_KINDS = {"text": str, "number": int}
Run = Callable[[Given, Outside, Terminal], int]


def parsed(arguments: Sequence[str], outside: Outside, terminal: Terminal) -> int:
    """Run what the words say; the exit code. An AppError is said in two lines."""
    words = list(arguments)
    meant = mistyped(words)
    if meant:
        terminal.tell(f"No command is called `{words[0]}`. Nothing was run.", f"Nearest: `signalbox {meant}`.")
        return 1
    if words and not words[0].startswith("-") and words[0] not in COMMANDS:
        words = _spoken(words)
    try:
        code = _group(outside, terminal).main(words, prog_name="signalbox", standalone_mode=False)
    except click.ClickException as error:
        error.show(file=terminal.err)
        return error.exit_code
    except click.Abort:
        return INTERRUPTED
    except KeyboardInterrupt:
        terminal.tell("")
        return INTERRUPTED
    except AppError as error:
        terminal.tell(error.message, *([error.hint] if error.hint else []))
        return 1
    return code if isinstance(code, int) else 0


def help_of(command: Command) -> str:
    """What `--help` prints of a command."""
    made = _command(command, lambda given: 0)
    return made.get_help(click.Context(made, info_name=f"signalbox {command.name}", max_content_width=100))


def _spoken(words: list[str]) -> list[str]:
    """`AREA VERB … --help` asks the chat's own help; everything else is a command of the chat."""
    if {"--help", "-h"} & set(words):
        return ["do", "--", "help", *[word for word in words if not word.startswith("-")]]
    return ["do", *words]


def _group(outside: Outside, terminal: Terminal) -> click.Group:
    group = click.Group(
        name="signalbox",
        help="Ask your team's bot and get a sourced answer or a finished job.\n\n"
        "`signalbox AREA VERB …` runs any command of the chat, such as `signalbox schedules list`.",
        epilog="Example: signalbox ask 'How do I connect Slack?'",
        context_settings={"help_option_names": ["--help", "-h"], "max_content_width": 100},
        invoke_without_command=True,
        no_args_is_help=False,
    )
    group.params.append(
        click.Option(
            ["--version"], is_flag=True, is_eager=True, expose_value=False, callback=_version, help="Print the version."
        )
    )
    group.callback = click.pass_context(_overview)
    for command in ALL:
        group.add_command(_command(command, _runner(command, outside, terminal)))
    return group


def _overview(context: click.Context) -> None:
    if context.invoked_subcommand is None:
        click.echo(context.get_help())


def _version(context: click.Context, _: click.Parameter, asked: bool) -> None:
    if asked:
        click.echo(f"signalbox {__version__}")
        context.exit()


def _runner(command: Command, outside: Outside, terminal: Terminal) -> Callable[[Given], int]:
    def run(given: Given) -> int:
        if not command.run:
            raise NotBuilt(
                f"`signalbox {command.name}` is not built yet.", hint="`signalbox --help` lists what is there."
            )
        module, _, name = command.run.partition(":")
        function: Run = getattr(import_module(module), name)
        return function(given, outside, terminal)

    return run


def _command(command: Command, run: Callable[[Given], int]) -> click.Command:
    def called(**values: object) -> int:
        return run(Given({**values, "kind": command.name}))

    later = not command.run
    return click.Command(
        command.name,
        callback=called,
        params=[*map(_argument, command.arguments), *map(_option, command.options)],
        help="\n\n".join(part for part in (command.summary, command.details, _meanings(command)) if part),
        short_help=command.summary,
        epilog=f"Example: {command.example}",
        hidden=later,
        context_settings={"ignore_unknown_options": command.name in ("do", "bench") or later},
    )


def _meanings(command: Command) -> str:
    lines = [f"{one.name.upper()}: {one.help}" for one in command.arguments if one.help]
    return "\b\n" + "\n".join(lines) if lines else ""


def _argument(one: Argument) -> click.Argument:
    kind = click.Choice(one.choices) if one.choices else click.UNPROCESSED if one.many else click.STRING
    return click.Argument([one.name], required=one.required, nargs=-1 if one.many else 1, type=kind)


def _option(one: Option) -> click.Option:
    names = [f"--{one.name}", one.field, *([f"-{one.short}"] if one.short else [])]
    if one.kind == "flag":
        return click.Option(names, is_flag=True, help=one.help)
    return click.Option(names, type=_KINDS[one.kind], metavar=one.meta or None, help=one.help)
