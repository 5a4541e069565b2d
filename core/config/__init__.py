"""Settings of one home: read once, frozen, every field with a default, a unit and help.

`home_folder` alone is imported at once: the settings tree costs the import of pydantic, which `ask` to a
running process does without.
"""

from typing import TYPE_CHECKING

from core.config.home import home_folder

if TYPE_CHECKING:
    from core.config.settings import SECRET_NAMES, Settings, load_settings

__all__ = ["SECRET_NAMES", "Settings", "home_folder", "load_settings"]


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from core.config import settings

    return getattr(settings, name)
