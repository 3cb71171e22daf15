"""The ``loop`` of a step: ``for`` over whole numbers, ``forEach`` over a list or over a delimited text.

Rules: the AWSTOE page on looping constructs.
"""

from __future__ import annotations

from .errors import DocumentError
from .structure import ALLOWED_CHARACTERS, is_name, list_of, map_of, shown

_BOUNDS = ("start", "end", "updateBy")
_DELIMITERS = ".,;:\n\t -_"


def check_loop(loop: object) -> str | None:
    """Check a loop and return its name, None when it has none.

    Raises DocumentError for a loop that has not exactly one of ``for`` and ``forEach``, whose values are of the wrong
    kind, or that would never end.
    """
    given = map_of(loop, "The 'loop' of the step", ("name", "for", "forEach"))
    name = given.get("name")
    if name is not None and not is_name(name):
        raise DocumentError(f"Invalid loop name {shown(name)}. {ALLOWED_CHARACTERS}")
    if ("for" in given) == ("forEach" in given):
        raise DocumentError("The 'loop' of the step must have exactly one of 'for' and 'forEach'.")
    if "for" in given:
        _check_for(given["for"])
    else:
        _check_for_each(given["forEach"])
    return name


def _check_for(bounds: object) -> None:
    given = map_of(bounds, "The 'for' of the loop", _BOUNDS)
    for key in _BOUNDS:
        if not isinstance(given.get(key), int) or isinstance(given[key], bool):
            raise DocumentError(f"The 'for' of the loop requires an integer as '{key}'.")
    start, end, update_by = (given[key] for key in _BOUNDS)
    if update_by == 0 or (end - start) * update_by < 0:
        raise DocumentError(f"The loop from {start} to {end} never ends when it is updated by {update_by}.")


def _check_for_each(values: object) -> None:
    if isinstance(values, dict):
        given = map_of(values, "The 'forEach' of the loop", ("list", "delimiter"))
        if not isinstance(given.get("list"), str):
            raise DocumentError("The 'forEach' of the loop requires text as 'list'.")
        delimiter = given.get("delimiter", ",")
        if not isinstance(delimiter, str) or len(delimiter) != 1 or delimiter not in _DELIMITERS:
            raise DocumentError(
                f"The delimiter {shown(delimiter)} is not supported. A loop splits at one of the characters "
                "dot, comma, semicolon, colon, newline, tab, space, hyphen, underscore."
            )
        return
    for value in list_of(values, "The 'forEach' of the loop"):
        if not isinstance(value, (str, int, float)):
            raise DocumentError(f"The 'forEach' of the loop supports only text, not {shown(value)}.")
