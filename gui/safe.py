"""Safe mode's one page and its answers: why nothing runs, which version to return to, how to restore."""

from __future__ import annotations

from html import escape

import orjson

from gui.api.guard import Asgi, Receive, Scope, Send
from gui.front import Front, respond

TYPE = "urn:signalbox:problem:safe-mode"


class _Uncounted:
    """Nobody signs in here, so nothing is counted."""

    def hit(self, address: str) -> None:
        """Nothing."""


def show(front: Front, reason: str, remedy: str, home: str) -> None:
    """Show it on every address of what listens; `/status` says down, and why."""
    said = front.status()
    front.status = lambda: {**said, "status": "down", "dbConn": False, "reason": reason}
    answer = page(reason, remedy, home)
    front.open_api(answer, _Uncounted())
    front.open_pages(answer)


def page(reason: str, remedy: str, home: str) -> Asgi:
    """An ASGI app that says it on every address, with 503."""
    html = _HTML.format(reason=escape(reason), remedy=escape(remedy), home=escape(home)).encode()
    body = {"type": TYPE, "title": "Safe mode", "status": 503, "detail": reason, "hint": remedy}
    problem = orjson.dumps(body)

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1013, "reason": "safe mode"})
        elif str(scope["path"]).startswith(("/api", "/hooks", "/metrics", "/mcp")):
            await respond(send, 503, problem, "application/problem+json")
        else:
            await respond(send, 503, html, "text/html; charset=utf-8")

    return answer


_HTML = """<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Signalbox is in safe mode</title>
<style>:root{{color-scheme:light dark;--ink:#1d2430;--ground:#fff;--line:#d9dee7;--warn:#b4540a}}
@media(prefers-color-scheme:dark){{:root{{--ink:#e3e7ee;--ground:#14171c;--line:#2c333d;--warn:#f0a35e}}}}
body{{font:16px/1.55 system-ui,sans-serif;color:var(--ink);background:var(--ground);margin:0;padding:2rem 1rem}}
main{{max-width:42rem;margin:auto}}h1{{font-size:1.4rem}}h1::before{{content:"▲ ";color:var(--warn)}}
pre,blockquote{{border:1px solid var(--line);border-radius:8px;padding:.75rem 1rem;margin:.75rem 0;overflow:auto}}
</style><main><h1>Signalbox is in safe mode</h1>
<p>The database cannot be used by this version, so nothing is answered, sent or changed. Nothing is lost.</p>
<blockquote role="alert">{reason}</blockquote>
<h2>What to do</h2><p>{remedy}</p>
<p>Or take a copy out, look at it, and put back an earlier one, on the machine Signalbox runs on:</p>
<pre>signalbox doctor
signalbox backup my-copy.db
ls {home}/backups
signalbox restore {home}/backups/FILE.db</pre>
<p>End this process (Ctrl+C) before a restore. The bots stay disconnected until then.</p></main></html>"""
