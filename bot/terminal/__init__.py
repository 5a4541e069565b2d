"""Answers in a terminal: text, tables, sources, and what waits for a yes."""

from bot.terminal.render import Look, answer_lines, inline
from bot.terminal.result import commands_of, result_lines

__all__ = ["Look", "answer_lines", "commands_of", "inline", "result_lines"]
