"""Where each entry of the catalogue is known from: ``python -m mock_imagebuilder.imagebuilder.managed.sources``.

A version without a mark is on public record; one with ``*`` was chosen because none is known.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from .ami_owners import ami_owners
from .catalogue_file import shipped_components, shipped_images, shipped_workflows

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .entries import ManagedComponent, ManagedImage, ManagedWorkflow

_TITLE = ("kind", "owner", "slug", "versions (* chosen)", "source")


def source_rows() -> Iterator[tuple[str, str, str, str, str]]:
    """Kind, owner, slug, versions and source of every image, component and workflow, then of every owner of AMIs."""
    for image in shipped_images():
        kind = "image, withdrawn" if image.withdrawn else "image"
        yield kind, image.owner, image.slug, _versions(image), image.source
    for component in shipped_components():
        yield "component", component.owner, component.slug, _versions(component), component.source
    for workflow in shipped_workflows():
        yield "workflow", workflow.owner, workflow.key, _versions(workflow), workflow.source
    for word, owner in ami_owners().items():
        accounts = " ".join(
            f"{partition}:{account}{'' if partition in owner.seen else '*'}"
            for partition, account in owner.accounts.items()
        )
        yield "AMI owner", "", word, accounts, owner.source


def source_table() -> str:
    """The same as an aligned text table with a title row."""
    rows = [_TITLE, *source_rows()]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_TITLE) - 1)]
    return "".join(
        "  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[-1]]) + "\n"
        for row in rows
    )


def _versions(entry: ManagedImage | ManagedComponent | ManagedWorkflow) -> str:
    return " ".join(f"{version.version}/{version.build}{'' if version.seen else '*'}" for version in entry.versions)


if __name__ == "__main__":
    sys.stdout.write(source_table())
