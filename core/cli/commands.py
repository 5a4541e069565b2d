"""Every command of the shell, with its words, its help and where it is done."""

from __future__ import annotations

from core.cli.spec import Argument, Command, Option

HOME = Option(name="home", meta="DIR", help="The data folder (else SIGNALBOX_HOME, else the platform's place).")
YES = Option(name="yes", short="y", kind="flag", help="Say yes to what would be asked.")
JSON = Option(name="json", kind="flag", help="Print the whole answer as JSON.")

BUILT = (
    Command(
        name="run",
        run="core.cli.run:run",
        summary="Start Signalbox: control room, API, bots and schedules.",
        details="Prints the address of the control room with a sign-in link that works once. Ctrl+C ends it in order: "
        "nothing new is taken, what is being answered is finished, then the database is closed. An address "
        "beyond this machine is refused unless a proxy with TLS stands in front (`trusted_proxy = true`).",
        example="signalbox run --port 8400 --no-browser",
        options=(
            Option(name="host", meta="ADDRESS", help="Address to listen on; 127.0.0.1 unless set otherwise."),
            Option(name="port", meta="N", kind="number", help="Port; 8321 unless set otherwise, 0 takes a free one."),
            HOME,
            Option(name="no-browser", kind="flag", help="Open no browser."),
            Option(
                name="retry-upgrade",
                kind="flag",
                help="Try a database step again that failed before with this same version.",
            ),
        ),
    ),
    Command(
        name="open",
        run="core.cli.opening:open_room",
        summary="Print a fresh sign-in link of the running process, and open it.",
        details="The link signs in this home's owner and works once.",
        example="signalbox open",
        options=(HOME, Option(name="no-browser", kind="flag", help="Only print the link.")),
    ),
    Command(
        name="chat",
        run="core.cli.private:talk",
        summary="Talk with Signalbox in the terminal.",
        details="`exit`, Ctrl+D or Ctrl+C ends it.",
        example="signalbox chat",
        options=(HOME,),
    ),
    Command(
        name="do",
        run="core.cli.private:talk",
        summary="Run one chat command and print its reply.",
        details="Ends with 0 when it was done and 1 when not. What must be confirmed asks on a terminal; elsewhere add "
        "--yes. `signalbox AREA VERB …` is the same.",
        example="signalbox do 'schedules pause team-report'",
        arguments=(Argument(name="command", many=True, help="The command, as it is typed in chat."),),
        options=(JSON, YES, HOME),
    ),
    Command(
        name="ask",
        run="core.cli.private:talk",
        summary="Ask a question and print the answer with its sources.",
        example="signalbox ask 'How do I connect Slack?'",
        arguments=(Argument(name="question", many=True, help="The question."),),
        options=(JSON, HOME),
    ),
    Command(
        name="init",
        run="core.cli.init:init",
        summary="Connect Slack or Discord: asks for the tokens, checks them, keeps them in the vault.",
        details="Every question is also an option; what is asked for is not shown while it is typed. On this machine's "
        "command line a token given as an option can be seen by others; better leave it out and paste it.",
        example="signalbox init slack",
        arguments=(Argument(name="network", required=False, choices=("slack", "discord"), help="What to connect."),),
        options=(
            Option(name="slack-bot-token", meta="TOKEN", help="Slack's bot token (xoxb-…)."),
            Option(name="slack-app-token", meta="TOKEN", help="Slack's app-level token (xapp-…)."),
            Option(name="discord-token", meta="TOKEN", help="Discord's bot token."),
            Option(name="account", meta="ID", help="Your own ID on that network, to be known there as the owner."),
            Option(name="manifest", kind="flag", help="Only print the manifest of the app to make at Slack."),
            Option(name="import-env", meta="FILE", help="Take the settings and secrets of this .env file."),
            Option(name="no-check", kind="flag", help="Save without asking the network whether they are right."),
            YES,
            HOME,
        ),
    ),
    Command(
        name="doctor",
        run="core.cli.doctor.command:doctor",
        summary="Check everything and say what mends each fault.",
        details="Ends with 1 when there is a fault.",
        example="signalbox doctor",
        options=(
            Option(name="share", kind="flag", help="Say how to reach the control room from other desks."),
            Option(name="offline", kind="flag", help="Ask no chat network."),
            JSON,
            HOME,
        ),
    ),
    Command(
        name="backup",
        run="core.cli.backup:backup",
        summary="Write a checked copy of the database, also while Signalbox runs.",
        details="The key of the vault is not in it: keep that apart. Without it a restored vault cannot be read.",
        example="signalbox backup ~/signalbox-2026-11-20.db",
        arguments=(Argument(name="file", help="The file to write; it must not be there yet."),),
        options=(HOME,),
    ),
    Command(
        name="restore",
        run="core.cli.backup:restore",
        summary="Make a backup the database; the present one is kept aside.",
        details="Refused while a process runs.",
        example="signalbox restore ~/signalbox-2026-11-20.db",
        arguments=(Argument(name="file", help="The backup."),),
        options=(Option(name="check", kind="flag", help="Only look whether it could be restored."), YES, HOME),
    ),
    Command(
        name="bench",
        run="core.cli.bench:bench",
        summary="Run the benchmarks (from a checkout).",
        example="signalbox bench",
        arguments=(Argument(name="words", required=False, many=True, help="What pytest gets, such as -k storage."),),
    ),
)

_REST = (Argument(name="words", required=False, many=True),)
LATER = tuple(
    Command(name=name, summary=f"{summary} Not built yet.", example=example, arguments=_REST)
    for name, summary, example in (
        ("export", "Write schedules, workflows and settings as readable files.", "signalbox export ./team"),
        ("apply", "Take over files that `export` wrote.", "signalbox apply ./team --dry-run"),
        ("upgrade", "Install a newer version and return by itself when it fails.", "signalbox upgrade"),
        ("models", "List, try and sign the models a team uses.", "signalbox models list"),
        ("plugin", "Make, check and install plugins.", "signalbox plugin check ./labeller"),
        ("workflow", "Check, preview and run workflows.", "signalbox workflow run triage"),
        ("sandbox", "Run code in the sandbox.", "signalbox sandbox run --runtime python hello.py"),
        ("mcp", "Offer the commands as MCP tools over stdio.", "signalbox mcp"),
        ("worker", "Work for the distributed engine.", "signalbox worker"),
        ("service", "Start Signalbox with the machine.", "signalbox service install"),
        ("desktop", "Show the control room in a window of its own.", "signalbox desktop"),
    )
)
ALL = (*BUILT, *LATER)
