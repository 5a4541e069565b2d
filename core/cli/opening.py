"""`open`: a fresh sign-in link of the process that runs."""

from __future__ import annotations

from core.cli.client import Client, NotAnswering, Refused
from core.cli.outside import Outside
from core.cli.runfile import find
from core.cli.spec import Given
from core.cli.terminal import Terminal
from core.config import home_folder
from core.errors import NotFound, Unavailable


def open_room(given: Given, outside: Outside, terminal: Terminal) -> int:
    """Print the link, and open it where there is a desktop."""
    home = home_folder(given.text("home") or None)
    running = find(home)
    if running is None or not running.address:
        raise NotFound(f"Nothing runs on {home}.", hint="`signalbox run` starts it.")
    try:
        made = Client(running).call("sessions.link", {})
    except (NotAnswering, Refused) as error:
        raise Unavailable(
            f"Process {running.pid} gave no link: {error}.", hint="`signalbox doctor` says more."
        ) from error
    code = made.get("code") if isinstance(made, dict) else None
    link = sign_in_link(running.address, str(code))
    terminal.say(link)
    if not given.flag("no_browser"):
        show(link)
    return 0


def sign_in_link(address: str, code: str) -> str:
    """The address that signs in once."""
    return f"{address}/login?code={code}"


def show(link: str) -> bool:
    """Open a link in the desktop's browser; False where there is no desktop."""
    import webbrowser

    try:
        browser = webbrowser.get()
    except webbrowser.Error:
        return False
    if isinstance(browser, webbrowser.GenericBrowser) and type(browser) is webbrowser.GenericBrowser:
        return False  # a browser of the terminal would take the terminal over
    return browser.open(link)
