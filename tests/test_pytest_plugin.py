"""The pytest plugin, in pytest runs of its own."""

from __future__ import annotations

from importlib.metadata import entry_points
from pathlib import Path

import pytest

import mock_imagebuilder.kept_clients  # noqa: F401 - a run in this process forgets what it has imported first
import mock_imagebuilder_pytest_plugin

# Named here, and not loaded through its entry point: the tests also run where the package is not installed.
PLUGIN = ("-p", mock_imagebuilder_pytest_plugin.__name__)
STRICT = ("--strict-markers", "-p", "no:cacheprovider", "-W", "error")
# In this process the plugin may have been imported already.
IN_PROCESS = ("-W", "ignore::pytest.PytestAssertRewriteWarning")


@pytest.fixture(autouse=True)
def runs_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    root = Path(mock_imagebuilder_pytest_plugin.__file__).parent
    monkeypatch.setenv("PYTHONPATH", str(root))
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.delenv("PYTEST_ADDOPTS", raising=False)


def run(pytester: pytest.Pytester, text: str) -> pytest.RunResult:
    """Run a test module with the plugin, in this process."""
    pytester.makepyfile(text)
    return pytester.runpytest_inprocess(*PLUGIN, *STRICT, *IN_PROCESS)


def test_entry_point() -> None:
    found = entry_points(group="pytest11", name="mock_imagebuilder")
    if not found:
        pytest.skip("the package is not installed")
    assert {entry.value for entry in found} == {mock_imagebuilder_pytest_plugin.__name__}


class TestFixtures:
    def test_a_client_in_a_mock(self, pytester: pytest.Pytester) -> None:
        result = run(
            pytester,
            """
            import boto3
            from mock_imagebuilder import Control

            def create(client):
                distributions = [{"region": "us-east-1", "amiDistributionConfiguration": {}}]
                return client.create_distribution_configuration(name="golden", distributions=distributions)

            def names(client):
                found = client.list_distribution_configurations()["distributionConfigurationSummaryList"]
                return [entry["name"] for entry in found]

            def test_client(imagebuilder_client):
                assert imagebuilder_client.meta.region_name == "us-east-1"
                create(imagebuilder_client)
                assert names(imagebuilder_client) == ["golden"]

            def test_starts_empty(imagebuilder_client):
                assert names(imagebuilder_client) == []

            def test_shares_the_mock_with_other_clients(imagebuilder, imagebuilder_client):
                assert isinstance(imagebuilder, Control)
                create(boto3.client("imagebuilder", region_name="us-east-1"))
                assert names(imagebuilder_client) == ["golden"]
                boto3.client("s3", region_name="us-east-1").create_bucket(Bucket="images")

            def test_handle(imagebuilder, imagebuilder_client):
                arn = imagebuilder.make_image("golden")
                assert imagebuilder_client.get_image(imageBuildVersionArn=arn)["image"]["name"] == "golden"
            """,
        )
        result.assert_outcomes(passed=4)

    def test_the_mock_ends_with_the_test(self, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAMINE")
        result = run(
            pytester,
            """
            import os
            import pytest
            from moto.core.models import botocore_stubber

            def is_mocked():
                return botocore_stubber.enabled and os.environ["AWS_ACCESS_KEY_ID"] == "FOOBARKEY"

            def test_fails(imagebuilder_client):
                assert is_mocked()
                raise RuntimeError("as tests do")

            def test_after_the_failure():
                assert not botocore_stubber.enabled
                assert os.environ["AWS_ACCESS_KEY_ID"] == "AKIAMINE"

            @pytest.mark.imagebuilder(progression="manual", seconds=3)
            def test_error(imagebuilder_client):
                pass

            def test_after_the_error():
                assert not botocore_stubber.enabled
            """,
        )
        result.assert_outcomes(passed=2, failed=1, errors=1)

    def test_in_a_unittest_class(self, pytester: pytest.Pytester) -> None:
        result = run(
            pytester,
            """
            import unittest
            import pytest

            class TestPipeline(unittest.TestCase):
                @pytest.fixture(autouse=True)
                def _take(self, imagebuilder_client):
                    self.client = imagebuilder_client

                def test_lists(self):
                    assert self.client.list_images(owner="Self")["imageVersionList"] == []
            """,
        )
        result.assert_outcomes(passed=1)


class TestMarker:
    def test_options(self, pytester: pytest.Pytester) -> None:
        result = run(
            pytester,
            """
            import pytest
            from moto.core.config import default_user_config
            from moto.moto_api import state_manager

            pytestmark = pytest.mark.imagebuilder(region="eu-central-1")

            def progression():
                return state_manager.get_transition("imagebuilder::image")

            def test_of_the_module(imagebuilder, imagebuilder_client):
                assert imagebuilder.region == imagebuilder_client.meta.region_name == "eu-central-1"
                assert progression() == {"progression": "immediate"}

            @pytest.mark.imagebuilder(progression="manual", times=2)
            class TestManual:
                def test_of_the_class(self, imagebuilder):
                    assert imagebuilder.region == "eu-central-1"
                    assert progression() == {"progression": "manual", "times": 2}

                @pytest.mark.imagebuilder(region="us-west-2", times=None)
                def test_of_the_test(self, imagebuilder):
                    assert imagebuilder.region == "us-west-2"
                    assert progression() == {"progression": "manual", "times": 1}

            @pytest.mark.imagebuilder(progression="time", seconds=0.5)
            def test_time(imagebuilder):
                assert progression() == {"progression": "time", "seconds": 0.5}

            def test_time_is_reset(imagebuilder):
                assert progression() == {"progression": "immediate"}

            @pytest.mark.imagebuilder(config={"iam": {"load_aws_managed_policies": True}})
            def test_config(imagebuilder):
                assert default_user_config["iam"] == {"load_aws_managed_policies": True}

            def test_config_is_reset(imagebuilder):
                assert default_user_config["iam"] == {"load_aws_managed_policies": False}
            """,
        )
        result.assert_outcomes(passed=7)

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            (
                "regoin='us-east-1', tmies=2",
                "@pytest.mark.imagebuilder has no option 'regoin', 'tmies'. "
                "Its options: region, config, progression, times, seconds.",
            ),
            ("'us-east-1'", "@pytest.mark.imagebuilder takes its options by name, not ('us-east-1',)."),
            ("times=2", "@pytest.mark.imagebuilder: 'times' and 'seconds' need a 'progression'."),
            ("seconds=2", "@pytest.mark.imagebuilder: 'times' and 'seconds' need a 'progression'."),
            (
                "progression='slow'",
                "@pytest.mark.imagebuilder: progression must be one of immediate, manual, time, not 'slow'",
            ),
            (
                "progression='time'",
                "@pytest.mark.imagebuilder: seconds is the length of a stage, for the progression 'time', "
                "and required there",
            ),
            (
                "progression='time', times=1, seconds=1",
                "@pytest.mark.imagebuilder: times is a positive number of observations, "
                "for the progression 'manual' only",
            ),
        ],
    )
    def test_refused(self, pytester: pytest.Pytester, options: str, message: str) -> None:
        result = run(
            pytester,
            f"""
            import pytest

            @pytest.mark.imagebuilder({options})
            def test_it(imagebuilder_client):
                pass
            """,
        )
        result.assert_outcomes(errors=1)
        result.stdout.fnmatch_lines([f"E *pytest.UsageError: {_literal(message)}"])

    def test_is_described(self, pytester: pytest.Pytester) -> None:
        result = pytester.runpytest_inprocess(*PLUGIN, *IN_PROCESS, "--markers")
        result.stdout.fnmatch_lines(["@pytest.mark.imagebuilder(region='us-east-1', config=None, *): *"])


class TestReportOfFailures:
    """The section about the images that a failed test has built."""

    def test_of_a_test_with_the_fixtures(self, pytester: pytest.Pytester) -> None:
        result = run(
            pytester,
            """
            def test_fails(imagebuilder):
                imagebuilder.fail_next_build("PENDING", reason="The disk is full.")
                arn = imagebuilder.make_image("golden")
                assert imagebuilder.advance(arn) == "AVAILABLE"
            """,
        )
        result.assert_outcomes(failed=1)
        result.stdout.fnmatch_lines(
            [
                "E * AssertionError: *",
                "*- EC2 Image Builder -*",
                "golden 1.0.0/1  FAILED",
                "  arn:aws:imagebuilder:us-east-1:123456789012:image/golden/1.0.0/1",
                "  reason: The disk is full.",
                "  failed in PENDING",
                "  PENDING  FAILED                     0 ms",
            ]
        )

    @pytest.mark.parametrize(
        ("mock", "imports"),
        [
            ("mock_imagebuilder", "from mock_imagebuilder import mock_imagebuilder"),
            ("mock_aws", "import mock_imagebuilder; from moto import mock_aws"),
        ],
    )
    def test_of_a_mock_that_has_ended(self, pytester: pytest.Pytester, mock: str, imports: str) -> None:
        """Decorated, with a context manager, and in a class of unittest, where the mock ends in a cleanup."""
        result = run(
            pytester,
            f"""
            import unittest
            {imports}
            from mock_imagebuilder import Control

            @{mock}
            def test_decorated():
                Control().make_image("decorated")
                assert 1 == 2

            def test_context():
                with {mock}():
                    Control().make_image("context")
                    raise RuntimeError("as code does")

            def test_after_the_context():
                with {mock}():
                    Control().make_image("after")
                with {mock}():
                    pass
                assert 1 == 2

            class TestCase(unittest.TestCase):
                def test_unittest(self):
                    mock = {mock}()
                    mock.start()
                    self.addCleanup(mock.stop)
                    Control().make_image("unittest")
                    self.fail("so")
            """,
        )
        result.assert_outcomes(failed=4)
        for name in ("decorated", "context", "after", "unittest"):
            # Each once: the images of one test are not those of the next.
            assert str(result.stdout).count(f"\n{name} 1.0.0/1  AVAILABLE\n") == 1
        assert str(result.stdout).count("- EC2 Image Builder -") == 4

    def test_many_images(self, pytester: pytest.Pytester) -> None:
        result = run(
            pytester,
            """
            def test_fails(imagebuilder):
                imagebuilder.fail_next_build("PENDING", match="image-2")
                for number in range(8):
                    imagebuilder.make_image(f"image-{number}")
                assert 1 == 2
            """,
        )
        result.assert_outcomes(failed=1)
        text = str(result.stdout).partition("- EC2 Image Builder -")[2]
        heads = [line for line in text.splitlines() if line.startswith("image-")]
        assert heads[0] == "image-2 1.0.0/1  FAILED"
        assert heads[1:] == [f"image-{number} 1.0.0/1  AVAILABLE" for number in (7, 6, 5, 4)]
        assert "\nand 3 more images\n" in text
        # Of the available ones nothing but what they have left.
        assert text.count("  PENDING  ") == 1
        assert text.count("  outputs: AMI  us-east-1  123456789012  ami-") == 4

    def test_in_the_setup(self, pytester: pytest.Pytester) -> None:
        result = run(
            pytester,
            """
            import pytest

            @pytest.fixture
            def broken(imagebuilder):
                imagebuilder.make_image("golden")
                raise RuntimeError("no")

            def test_it(broken):
                pass
            """,
        )
        result.assert_outcomes(errors=1)
        result.stdout.fnmatch_lines(["*- EC2 Image Builder -*", "golden 1.0.0/1  AVAILABLE"])

    def test_nothing_to_say(self, pytester: pytest.Pytester) -> None:
        """No image, a test that passes or is expected to fail, images of an earlier test in a mock of the module."""
        result = run(
            pytester,
            """
            import pytest
            from mock_imagebuilder import mock_imagebuilder

            def test_no_image(imagebuilder):
                assert 1 == 2

            def test_passes(imagebuilder):
                imagebuilder.make_image()

            @pytest.mark.xfail
            def test_expected(imagebuilder):
                imagebuilder.make_image()
                assert 1 == 2

            @pytest.fixture(scope="module")
            def shared():
                with mock_imagebuilder() as control:
                    yield control

            def test_builds(shared):
                shared.make_image()

            def test_does_not(shared):
                assert 1 == 2
            """,
        )
        result.assert_outcomes(failed=2, passed=2, xfailed=1)
        result.stdout.no_fnmatch_line("*EC2 Image Builder*")

    def test_a_running_build_does_not_go_on(self, pytester: pytest.Pytester) -> None:
        """Under ``time`` the clock of the test has ended when the report is made."""
        result = run(
            pytester,
            """
            import boto3
            import time_machine
            from mock_imagebuilder import Control, mock_imagebuilder

            @mock_imagebuilder
            @time_machine.travel("2020-01-01T00:00:00Z", tick=False)
            def test_fails():
                Control().progress("time", seconds=60)
                client = boto3.client("imagebuilder", region_name="us-east-1")
                task = "import-ami-0123456789abcdef0"
                client.import_vm_image(name="slow", semanticVersion="1.0.0", platform="Linux", vmImportTaskId=task)
                assert 1 == 2
            """,
        )
        result.assert_outcomes(failed=1)
        result.stdout.fnmatch_lines(["slow 1.0.0/1  PENDING", "  PENDING  RUNNING"])


class TestCost:
    def test_a_run_without_the_fixtures_imports_nothing_of_it(self, pytester: pytest.Pytester) -> None:
        pytester.makepyfile(
            """
            import sys
            import pytest

            @pytest.mark.imagebuilder(region="eu-west-1")
            def test_it():
                ours = {"mock_imagebuilder", "moto", "boto3", "botocore", "responses", "yaml"}
                assert "mock_imagebuilder_pytest_plugin" in sys.modules
                assert not ours & set(sys.modules)
            """
        )
        pytester.runpytest_subprocess(*PLUGIN, *STRICT).assert_outcomes(passed=1)

    def test_the_client_is_kept_for_the_next_test(self, pytester: pytest.Pytester) -> None:
        result = run(
            pytester,
            """
            clients = []

            def test_first(imagebuilder_client):
                clients.append(imagebuilder_client)

            def test_second(imagebuilder_client):
                assert imagebuilder_client is clients[0]
                imagebuilder_client.meta.events.register("before-call", lambda **_: None)

            def test_third(imagebuilder_client):
                assert imagebuilder_client is not clients[0]
            """,
        )
        result.assert_outcomes(passed=3)


def _literal(text: str) -> str:
    """A pattern of fnmatch_lines that matches this text."""
    return text.replace("[", "[[]")
