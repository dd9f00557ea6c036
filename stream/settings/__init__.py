"""Every setting, with unit, range, default and environment name: one file a subject, all of them in `Settings`.

A setting comes from, in this order: a command-line flag, an environment variable `REDLINE_<NAME>`, the file
`.env` in the working directory, the default. All are checked at start; `load` names every fault at once.
"""

from stream.settings.group import ENV_PREFIX, LOOPBACK
from stream.settings.loading import load
from stream.settings.page import WebToken
from stream.settings.settings import Settings

__all__ = ["ENV_PREFIX", "LOOPBACK", "Settings", "WebToken", "load"]
