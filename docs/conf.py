"""Sphinx: ``python -m sphinx -W -b html docs docs/_build``."""

from __future__ import annotations

import re
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))


def version_of_the_package() -> str:
    found = re.search(r'^version = "(.+)"$', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)
    assert found is not None
    return found.group(1)


project = "mock_imagebuilder"
author = "the contributors of mock_imagebuilder"
release = version = version_of_the_package()

extensions = ["myst_parser", "sphinx.ext.autodoc"]
exclude_patterns = ["_build"]
source_suffix = {".md": "markdown"}
myst_heading_anchors = 3

autodoc_member_order = "bysource"
autodoc_typehints = "description"
# Installing nothing but Sphinx, furo and myst-parser is enough to build the pages.
autodoc_mock_imports = ["boto3", "botocore", "moto", "responses", "werkzeug", "yaml"]

html_theme = "furo"
html_title = "mock_imagebuilder"
