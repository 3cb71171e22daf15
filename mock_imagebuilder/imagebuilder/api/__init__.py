"""The API model at work: routes, reading and validation of requests, projection of answers, pagination, error statuses.

All of it is compiled from the ``service-2.json`` of the installed botocore, once per process and lazily per operation.
Nothing here knows a resource, and nothing below here knows HTTP.
"""

from .answers import error_answer, success_answer
from .model import ApiModel, load_model
from .operations import Operation, operations, route
from .pagination import Page, page_size, read_token, write_token
from .requests import check_request, raw_members, read_request

__all__ = [
    "ApiModel",
    "Operation",
    "Page",
    "check_request",
    "error_answer",
    "load_model",
    "operations",
    "page_size",
    "raw_members",
    "read_request",
    "read_token",
    "route",
    "success_answer",
    "write_token",
]
