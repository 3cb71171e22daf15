"""The refusal of a component or workflow document."""

from __future__ import annotations


class DocumentError(Exception):
    """A document that Image Builder does not accept; ``str()`` is the service's sentence without its frame.

    The operation that received the document puts the frame around it, for instance
    ``The value supplied for parameter 'data' is not valid. `` followed by the sentence.
    """
