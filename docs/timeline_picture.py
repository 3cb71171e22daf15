"""Makes ``docs/timeline.png`` from the real page: ``python docs/timeline_picture.py``, from the root of the checkout.

Needs the dependency groups ``test`` and ``browser``, Pillow, and Debian's packages chromium and chromium-driver.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import time_machine
from PIL import Image

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from mock_imagebuilder import mock_imagebuilder  # noqa: E402
from tests.browser import chromium  # noqa: E402
from tests.served import serving  # noqa: E402
from tests.timeline_story import START, Story  # noqa: E402


def main(target: Path, width: int = 1360, height: int = 1180, query: str = "", script: str = "", *flags: str) -> None:
    """
    :param query: of the page's address.
    :param script: JavaScript to be run before the picture is taken.
    """
    with (
        mock_imagebuilder() as control,
        time_machine.travel(START, tick=False) as clock,
        serving() as address,
        tempfile.TemporaryDirectory() as folder,
        chromium(Path(folder), f"--window-size={width},{height}", *flags) as browser,
    ):
        Story(control, clock.shift).tell()
        browser.implicitly_wait(10)
        browser.get(f"{address.url}/moto-api/imagebuilder/timeline{query}")
        browser.find_element("css selector", "details")
        if script:
            browser.execute_script(script)
        browser.save_screenshot(str(target))
        with Image.open(target) as picture:
            picture.convert("RGB").quantize(200).save(target, optimize=True)
        print(f"{target}: {target.stat().st_size / 1000:.0f} kB", browser.get_log("browser"))


if __name__ == "__main__":
    # The failed build and the retried one are open, the one that waits and the first one are closed.
    main(
        ROOT / "docs" / "timeline.png",
        height=1850,
        script="for (const place of [0, 2]) document.querySelectorAll('summary')[place].click()",
    )
