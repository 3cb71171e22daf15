"""Whether the clock is the computer's own, or one that the test has frozen or moved."""

from __future__ import annotations

import sys
from datetime import datetime


def is_moved() -> bool:
    """Whether freezegun or time-machine tells the time at the moment."""
    if datetime.__module__ != "datetime":  # freezegun has put its own class in the place of this one
        return True
    hatch = getattr(sys.modules.get("time_machine"), "escape_hatch", None)
    return hatch is not None and bool(hatch.is_travelling())
