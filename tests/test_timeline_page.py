"""The page of the timeline in a real browser: what it shows while a build is stepped, and what it does not run.

Needs Chromium with its driver, which ``.ci/check.py`` installs where it may, and the dependency group ``browser``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

from tests.browser import CHROMIUM, DRIVER, chromium
from tests.build_parts import EXECUTION_ROLE, PARTS, create_infrastructure, create_recipe, managed_workflow
from tests.builds.workflow_runs import WAIT, create_workflow
from tests.images import TASK, import_image
from tests.served import Address, serving

if TYPE_CHECKING:
    from selenium.webdriver import Chrome
    from selenium.webdriver.remote.webelement import WebElement

if CHROMIUM is None or DRIVER is None:
    pytest.skip("chromium and chromedriver are not installed", allow_module_level=True)
pytest.importorskip("selenium", reason="the dependency group browser is not installed")

from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import Select, WebDriverWait

SCRIPT = "<script>document.title = 'taken'</script><img src=x onerror=\"document.title = 'taken'\">"


@pytest.fixture(scope="module")
def running() -> Iterator[Address]:
    with serving() as address:
        yield address


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chrome]:
    with chromium(tmp_path_factory.mktemp("chromium"), "--window-size=1360,1000") as driver:
        yield driver


class Page:
    """What a reader sees and does."""

    def __init__(self, browser: Chrome, address: Address) -> None:
        self.browser = browser
        self.address = address

    def open(self, query: str = "") -> None:
        self.browser.get(f"{self.address.url}/moto-api/imagebuilder/timeline{query}")

    def wait(self, for_: Callable[[], Any]) -> Any:
        """Elements may be made anew between two looks at them."""
        from selenium.common.exceptions import NoSuchElementException, StaleElementReferenceException

        passing = (NoSuchElementException, StaleElementReferenceException)
        return WebDriverWait(self.browser, 10, 0.1, ignored_exceptions=passing).until(lambda _: for_())

    def all(self, selector: str) -> list[WebElement]:
        elements: list[WebElement] = self.browser.find_elements(By.CSS_SELECTOR, selector)
        return elements

    def texts(self, selector: str) -> list[str]:
        return [element.text for element in self.all(selector)]

    def rows(self) -> dict[str, str]:
        """The status of each stage, workflow and step of the builds that are open."""
        rows: dict[str, str] = self.wait(self._rows)
        return rows

    def _rows(self) -> dict[str, str]:
        rows = self.all(".waterfall tr.stage, .waterfall tr.workflow, .waterfall tr.step")
        cells = [[cell.text for cell in row.find_elements(By.TAG_NAME, "td")] for row in rows]
        return {name.partition(" ")[0]: status.partition(" ")[2] for name, status, *_ in cells}

    def press(self, text: str) -> None:
        buttons = [button for button in self.all("main button") if button.text == text]
        assert len(buttons) == 1, f"{len(buttons)} buttons {text}"
        buttons[0].click()

    def complaints(self) -> list[Any]:
        """What the browser has noted about the page."""
        entries: list[Any] = self.browser.get_log("browser")  # type: ignore[no-untyped-call, unused-ignore]
        return entries


@pytest.fixture
def page(running: Address, browser: Chrome) -> Page:
    running.reset()
    page = Page(browser, running)
    page.complaints()  # those of the test before
    return page


def create_parts(address: Address) -> Any:
    """A client, and what a build needs."""
    address.client("iam").create_instance_profile(InstanceProfileName="builder")
    client = address.client("imagebuilder")
    create_recipe(client)
    create_infrastructure(client, "builder")
    return client


def test_a_build_that_is_stepped(page: Page) -> None:
    page.open()
    page.wait(lambda: page.texts(".empty") == ["Nothing has been built here yet. The page looks once per second."])
    client = create_parts(page.address)
    page.address.steer("progress", progression="manual")
    page.address.steer("fail-next-build", stage="TESTING", step="ApplyTestComponents", reason="It does not answer.")
    arn = client.create_image(**PARTS)["imageBuildVersionArn"]

    # Looking does not step it: the page has been seen to be live in between.
    page.wait(lambda: page.texts(".pill") == ["\u25cf PENDING"])
    first, took, button = page.texts("#live"), page.texts("summary .took"), page.all(".facts button")
    page.wait(lambda: page.texts("#live") != first)
    assert page.texts("summary .took") != took
    assert page.rows() == {"PENDING": "RUNNING", "CREATING": "to come", "BUILDING": "to come", "TESTING": "to come"}

    assert button == page.all(".facts button")  # it has not been made anew meanwhile
    page.press("Advance one stage")
    page.wait(lambda: page.texts(".pill") == ["\u25cf CREATING"])
    page.address.steer("advance", image_arn=arn, to="BUILDING")
    page.wait(lambda: page.texts(".pill") == ["\u25cf BUILDING"])
    rows = page.rows()
    assert (rows["BUILDING"], rows["LaunchBuildInstance"], rows["CreateOutputAMI"]) == ("RUNNING", "RUNNING", "to come")
    assert rows["TESTING"] == "to come"
    assert page.all(".outputs") == []

    page.address.steer("advance", image_arn=arn)
    page.wait(lambda: page.texts(".pill") == ["\u25cf TESTING"])
    assert page.rows()["CreateOutputAMI"] == "COMPLETED"
    (ami,) = client.get_image(imageBuildVersionArn=arn)["image"]["outputResources"]["amis"]  # which steps it as well
    page.wait(lambda: page.texts(".pill") == ["\u2717 FAILED"])
    assert page.texts(".outputs code") == [ami["image"]]
    assert page.texts(".callout") == ["It does not answer.\nfailed in TESTING, step ApplyTestComponents"]
    rows = page.rows()
    assert (rows["TESTING"], rows["ApplyTestComponents"], rows["TerminateTestInstance"]) == (
        "FAILED",
        "FAILED",
        "did not run",
    )
    assert rows["LaunchTestInstance"] == "COMPLETED, rolled back"
    assert page.texts(".note") == ["It does not answer."]
    assert page.complaints() == []


@pytest.mark.parametrize(("button", "status"), [("Resume", "\u2713 AVAILABLE"), ("Stop", "\u2717 FAILED")])
def test_a_step_that_waits_is_answered(page: Page, button: str, status: str) -> None:
    client = create_parts(page.address)
    gate = create_workflow(client, "TEST", WAIT, name="gate")
    workflows = [{"workflowArn": arn} for arn in (managed_workflow("build/build-image"), gate)]
    client.create_image(**PARTS, workflows=workflows, executionRole=EXECUTION_ROLE)
    page.open()
    page.wait(lambda: page.texts(".pill") == ["\u25d4 TESTING, waits"])
    assert page.texts(".note button") == ["Resume", "Stop"]
    page.press(button)
    page.wait(lambda: page.texts(".pill") == [status])
    assert page.texts("#said") == [""]


def test_an_action_that_is_refused(page: Page) -> None:
    """The image is gone when the button is pressed: the page says so."""
    client = create_parts(page.address)
    page.address.steer("progress", progression="manual")
    arn = client.create_image(**PARTS)["imageBuildVersionArn"]
    page.open()
    page.wait(lambda: page.texts(".pill") == ["\u25cf PENDING"])
    page.browser.execute_script("setTimeout = () => 0")
    page.address.reset()
    page.press("Advance one stage")
    page.wait(lambda: page.texts("#said") == [f"there is no image {arn}"])
    page.wait(lambda: page.all("details") == [])


def test_texts_of_users_are_texts(page: Page) -> None:
    client = create_parts(page.address)
    page.address.steer("fail-next-build", stage="TESTING", reason=SCRIPT)
    distribution = client.create_distribution_configuration(
        name="described",
        distributions=[{"region": "us-east-1", "amiDistributionConfiguration": {"description": SCRIPT}}],
    )["distributionConfigurationArn"]
    pipeline = client.create_image_pipeline(
        name="described", description=SCRIPT, **PARTS, distributionConfigurationArn=distribution
    )["imagePipelineArn"]
    client.start_image_pipeline_execution(imagePipelineArn=pipeline)
    import_image(client, SCRIPT[:60], vmImportTaskId=TASK)
    page.open()
    page.wait(lambda: len(page.all("details")) == 2)
    assert page.texts(".callout p") == [SCRIPT]
    assert page.browser.find_element(By.CSS_SELECTOR, "nav button[title*='<script>']").text.endswith("described 1")
    assert SCRIPT[:60] in page.texts("summary")[0]
    assert page.texts(".outputs td:last-child")[-1].endswith(SCRIPT)
    assert page.browser.title == "EC2 Image Builder: timeline"
    assert len(page.all("script")) == 1
    assert page.all("img") == []
    assert page.complaints() == []


def test_where_to_look(page: Page) -> None:
    """Account, Region, pipeline and number are chosen, and stay in the address; builds are opened with the keyboard."""
    client = create_parts(page.address)
    pipeline = client.create_image_pipeline(name="nightly", **PARTS)["imagePipelineArn"]
    client.start_image_pipeline_execution(imagePipelineArn=pipeline)
    for number in range(31):
        page.address.steer("make-image", name=f"image-{number}")
    page.address.steer("make-image", name="abroad", region="eu-west-1")
    page.address.steer("make-image", name="foreign", region="eu-west-1", account_id="210987654321")
    names = ".title b"

    page.open()
    page.wait(lambda: page.texts(names)[:2] == ["foreign", "abroad"])
    assert len(page.texts(names)) == 30
    assert page.texts("#more") == ["The newest 30 of 34. Show more"]
    page.browser.find_element(By.CSS_SELECTOR, "#more button").click()
    page.wait(lambda: len(page.texts(names)) == 34)

    # The newest is open; the space bar opens another one, and it stays open and focused while the page goes on.
    assert [build.get_attribute("open") is not None for build in page.all("details")[:2]] == [True, False]
    page.all("summary")[1].send_keys(Keys.SPACE)
    page.wait(lambda: len(page.all("details[open]")) == 2)
    first = page.texts("#live")
    page.wait(lambda: page.texts("#live") != first)
    assert len(page.all("details[open]")) == 2
    assert page.browser.switch_to.active_element.text.partition("\n")[2].startswith("abroad")

    Select(page.browser.find_element(By.ID, "account_id")).select_by_visible_text("210987654321")
    page.wait(lambda: page.texts(names) == ["foreign"])
    page.browser.refresh()
    page.wait(lambda: page.texts(names) == ["foreign"])
    assert page.browser.current_url.endswith("/timeline?account_id=210987654321")
    Select(page.browser.find_element(By.ID, "account_id")).select_by_visible_text("All accounts")
    Select(page.browser.find_element(By.ID, "region")).select_by_visible_text("eu-west-1")
    page.wait(lambda: page.texts(names) == ["foreign", "abroad"])
    Select(page.browser.find_element(By.ID, "region")).select_by_visible_text("All Regions")
    page.wait(lambda: len(page.all("nav button")) == 2)
    page.all("nav button")[1].click()
    page.wait(lambda: page.texts(names) == ["web server"])


@pytest.mark.parametrize("width", [400, 1800])
def test_nothing_overlaps(page: Page, width: int) -> None:
    """Narrow and wide: nothing is wider than the window, bars stay in their tracks, no two cells of a row overlap."""
    client = create_parts(page.address)
    page.address.steer("fail-next-build", stage="TESTING", reason="x" * 300)
    client.create_image(**PARTS)
    import_image(client, "a-long-name" * 9)
    page.browser.set_window_size(width, 900)
    try:
        page.open()
        page.wait(lambda: len(page.all(".waterfall tbody tr")) > 15)
        found = page.browser.execute_script(  # type: ignore[no-untyped-call, unused-ignore]
            """
            const box = (element) => element.getBoundingClientRect();
            const outside = (inner, outer) => inner.right > outer.right + 1 || inner.left < outer.left - 1;
            const bars = [...document.querySelectorAll(".track .bar")]
                .filter((bar) => outside(box(bar), box(bar.parentNode)));
            const cells = [...document.querySelectorAll(".waterfall tbody tr")].flatMap((row) => {
                const [name, state] = [...row.children].map(box);
                return state && name.right > state.left + 1 ? [row.textContent] : [];
            });
            return [document.documentElement.scrollWidth - innerWidth, bars.length, cells];
            """
        )
        assert found[0] <= 0
        assert found[1:] == [0, []]
    finally:
        page.browser.set_window_size(1360, 1000)
