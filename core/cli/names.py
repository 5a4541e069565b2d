"""The names of the shell's commands. Anything else after `signalbox` is a command of the chat."""

TALKING = ("do", "ask", "chat")
"""Those that say something to the process that runs."""

COMMANDS = (
    "run",
    "open",
    *TALKING,
    "init",
    "doctor",
    "backup",
    "restore",
    "bench",
    "export",
    "apply",
    "upgrade",
    "models",
    "plugin",
    "workflow",
    "sandbox",
    "mcp",
    "worker",
    "service",
    "desktop",
)
