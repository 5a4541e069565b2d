"""Settings of one home: read once, frozen, every field with a default, a unit and help."""

from core.config.home import home_folder
from core.config.settings import SECRET_NAMES, Settings, load_settings

__all__ = ["SECRET_NAMES", "Settings", "home_folder", "load_settings"]
