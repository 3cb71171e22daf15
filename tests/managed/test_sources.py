"""The table that tells where the catalogue's entries are known from."""

from __future__ import annotations

import runpy

import pytest

from mock_imagebuilder.imagebuilder.managed import sources
from mock_imagebuilder.imagebuilder.managed.ami_owners import ami_owners
from mock_imagebuilder.imagebuilder.managed.catalogue_file import (
    shipped_components,
    shipped_images,
    shipped_workflows,
)


def test_every_entry_has_a_row_with_a_source() -> None:
    rows = list(sources.source_rows())
    kinds = (shipped_images(), shipped_components(), shipped_workflows(), ami_owners())
    assert len(rows) == sum(map(len, kinds))
    assert all(source for *_, source in rows)


@pytest.mark.parametrize(
    ("slug", "row"),
    [
        (
            "update-linux",
            (
                "component",
                "Amazon",
                "update-linux",
                "1.0.0/1 1.0.2/1",
                "ListComponents answer of 2024, CDK constants, public templates",
            ),
        ),
        ("hello-world-windows", ("component", "Amazon", "hello-world-windows", "1.0.0/1*")),
        ("centos-linux-8-x86", ("image, withdrawn", "Amazon", "centos-linux-8-x86", "2021.3.4/1*")),
        (
            "test/test-image",
            ("workflow", "Amazon", "test/test-image", "1.0.0/1 1.0.1/1 1.0.2/1 1.0.3/1"),
        ),
        ("build/express-build-image", ("workflow", "Amazon", "build/express-build-image", "1.0.0/1*")),
        ("windows", ("AMI owner", "", "windows", "aws:801119661308 aws-cn:016951021795* aws-us-gov:077303321853*")),
    ],
)
def test_chosen_versions_and_owners_are_marked(slug: str, row: tuple[str, ...]) -> None:
    [found] = [found for found in sources.source_rows() if found[2] == slug]
    assert found[: len(row)] == row


@pytest.mark.filterwarnings("ignore:.*found in sys.modules:RuntimeWarning")
def test_the_command_prints_the_table(capsys: pytest.CaptureFixture[str]) -> None:
    runpy.run_module(sources.__name__, run_name="__main__")
    printed = capsys.readouterr().out
    assert printed == sources.source_table()
    lines = printed.splitlines()
    assert lines[0].split() == ["kind", "owner", "slug", "versions", "(*", "chosen)", "source"]
    column = lines[0].index("slug")
    assert all(line[column - 1] == " " and line[column] != " " for line in lines)
