"""The service quotas of an account in a Region: how many of what there can be, and where the figures come from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

_LISTED = "Service Quotas, ListAWSDefaultServiceQuotas for imagebuilder, as published in 2023"
_AND_GUIDE = f"{_LISTED}; the user guide of 2019, 'Default quotas', has the same"


@dataclass(frozen=True)
class Quota:
    """A quota: its code in Service Quotas, AWS's default, and what states it."""

    code: str
    default: int
    source: str


#: By the name, as AWS spells it. The user guide refers to "EC2 Image Builder endpoints and quotas" for the present figures.
QUOTAS: Mapping[str, Quota] = {
    "Components": Quota("L-9B183655", 1000, _AND_GUIDE),
    "Components per image recipe": Quota("L-59EC76F6", 20, "the user guide, 'Manage recipes'; so had that of 2019"),
    "Concurrent builds": Quota("L-BA4D191B", 100, _AND_GUIDE),
    "Container recipes": Quota("L-28A502FD", 1000, _LISTED),
    "Distribution configurations": Quota("L-2BAA05D8", 1000, _AND_GUIDE),
    "Image pipelines": Quota("L-7A0E01E3", 75, _AND_GUIDE),
    "Image recipes": Quota("L-1DF98342", 1000, _AND_GUIDE),
    "Image workflows": Quota("L-0DF2752F", 1000, _LISTED),
    "Infrastructure configurations": Quota("L-D9EF98D9", 1000, _AND_GUIDE),
    "Lifecycle policies": Quota("L-6105A4EE", 50, _LISTED),
}
