"""The handle: what scans find, how they end, and what the image shows of it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from mock_imagebuilder import Control
from tests.build_parts import MANAGED_BASE, PARTS, create_infrastructure, create_pipeline, create_recipe
from tests.builds import containers
from tests.builds.workflow_runs import INSTANCE, LAUNCH, WAIT, all_steps_of, build_with, create_workflow, step
from tests.conftest import ACCOUNT
from tests.images import client_of, create_image, get_image, import_image, state_of
from tests.resources.container_recipes import create as create_container_recipe
from tests.resources.container_recipes import create_repository

SCANNING = {"imageScanningEnabled": True}
BUILD = f"{MANAGED_BASE}:workflow/build/build-image/x.x.x"
COLLECT = step("Collect", "CollectImageScanFindings", INSTANCE)


def finding(vulnerability_id: str = "CVE-2026-0001", severity: str = "HIGH", **members: Any) -> dict[str, Any]:
    details = {"vulnerabilityId": vulnerability_id}
    return {"severity": severity, "packageVulnerabilityDetails": details, **members}


@pytest.fixture
def parts(client: Any, instance_profile: str) -> dict[str, Any]:
    """The members of CreateImage for an image that Amazon Inspector scans."""
    client_of("inspector2").enable(accountIds=[ACCOUNT], resourceTypes=["EC2", "ECR"])
    create_recipe(client)
    create_infrastructure(client, instance_profile)
    return {**PARTS, "imageScanningConfiguration": SCANNING}


def scan_of(client: Any, arn: str) -> Any:
    """``scanState``, None if the image has none."""
    return get_image(client, arn).get("scanState")


def found_in(client: Any, arn: str) -> list[str]:
    filters = [{"name": "imageBuildVersionArn", "values": [arn]}]
    findings = client.list_image_scan_findings(filters=filters)["findings"]
    return [entry["packageVulnerabilityDetails"]["vulnerabilityId"] for entry in findings]


def on_demand(condition: dict[str, Any] | None = None) -> dict[str, Any]:
    """Settings for a scan of the output AMI."""
    scanning = {**SCANNING, "imageScanningTypes": ["ON_DEMAND_AMI_CVE"]}
    return scanning if condition is None else {**scanning, "scanResultCondition": condition}


class TestState:
    def test_along_the_stages(self, mocked: Control, client: Any, parts: Any) -> None:
        mocked.progress("manual", times=100)
        mocked.find_vulnerabilities([finding()])
        arn = create_image(client, **parts)
        seen = {}
        for status in ("PENDING", "CREATING", "BUILDING", "TESTING", "AVAILABLE"):
            mocked.advance(arn, to=status)
            seen[status] = scan_of(client, arn)["status"], found_in(client, arn)
        assert seen == {
            "PENDING": ("PENDING", []),
            "CREATING": ("PENDING", []),
            "BUILDING": ("PENDING", []),
            "TESTING": ("SCANNING", []),
            "AVAILABLE": ("COMPLETED", ["CVE-2026-0001"]),
        }

    @pytest.mark.parametrize("scanning", [None, {}, {"imageScanningEnabled": False}])
    def test_an_image_that_is_not_scanned_has_none(
        self, mocked: Control, client: Any, parts: Any, scanning: Any
    ) -> None:
        mocked.find_vulnerabilities([finding()])
        members = {**parts, "imageScanningConfiguration": scanning}
        arn = create_image(client, **{name: value for name, value in members.items() if value is not None})
        assert scan_of(client, arn) is None
        assert found_in(client, arn) == []

    def test_an_imported_image_has_none(self, client: Any) -> None:
        assert scan_of(client, import_image(client)) is None

    @pytest.mark.parametrize("stage", ["CREATING", "BUILDING"])
    def test_a_build_that_fails_before(self, mocked: Control, client: Any, parts: Any, stage: str) -> None:
        mocked.fail_next_build(stage)
        arn = create_image(client, **parts)
        assert scan_of(client, arn) == {"status": "ABANDONED"}
        with pytest.raises(ValueError, match=f"^{arn} has no findings: its scan has ended with the status ABANDONED$"):
            mocked.add_findings(arn, [finding()])

    def test_a_build_that_is_cancelled(self, mocked: Control, client: Any, parts: Any) -> None:
        mocked.progress("manual", times=100)
        arn = create_image(client, **parts)
        mocked.advance(arn, to="TESTING")
        mocked.add_findings(arn, [finding()])
        client.cancel_image_creation(imageBuildVersionArn=arn)
        assert scan_of(client, arn) == {"status": "ABANDONED"}
        assert found_in(client, arn) == []

    def test_a_build_that_fails_after(self, mocked: Control, client: Any, parts: Any) -> None:
        mocked.find_vulnerabilities([finding()])
        mocked.fail_next_build("TESTING", step="ApplyTestComponents")
        create_recipe(
            client,
            name="tested",
            components=[{"componentArn": f"{MANAGED_BASE}:component/simple-boot-test-linux/x.x.x"}],
        )
        arn = create_image(
            client, **{**parts, "imageRecipeArn": PARTS["imageRecipeArn"].replace("web-server", "tested")}
        )
        assert state_of(client, arn)["status"] == "FAILED"
        assert scan_of(client, arn) == {"status": "COMPLETED"}
        assert found_in(client, arn) == ["CVE-2026-0001"]

    def test_to_be_tested_again_is_to_be_scanned_again(self, mocked: Control, client: Any, parts: Any) -> None:
        mocked.find_vulnerabilities([finding()])
        rule = mocked.fail_builds("TESTING", step="LaunchTestInstance", times=None)
        arn = create_image(client, **parts)
        assert scan_of(client, arn) == {"status": "ABANDONED"}
        mocked.end_rule(rule)
        client.retry_image(imageBuildVersionArn=arn)
        assert scan_of(client, arn) == {"status": "COMPLETED"}
        assert found_in(client, arn) == ["CVE-2026-0001"]

    def test_what_was_found_before_is_not_found_twice(self, mocked: Control, client: Any, parts: Any) -> None:
        mocked.find_vulnerabilities([finding()], times=1)
        hold = create_workflow(client, "TEST", LAUNCH, COLLECT, WAIT)
        arn = build_with(client, BUILD, hold, **parts)
        # The step has collected, and the image is still being tested.
        assert state_of(client, arn)["status"] == "TESTING"
        assert (scan_of(client, arn), found_in(client, arn)) == ({"status": "COMPLETED"}, ["CVE-2026-0001"])
        client.cancel_image_creation(imageBuildVersionArn=arn)
        assert scan_of(client, arn) == {"status": "COMPLETED"}
        mocked.find_vulnerabilities([finding("CVE-2026-0002")])
        client.retry_image(imageBuildVersionArn=arn)
        assert found_in(client, arn) == ["CVE-2026-0001", "CVE-2026-0002"]

    def test_findings_are_hidden_while_it_is_scanned_again(self, mocked: Control, client: Any, parts: Any) -> None:
        mocked.find_vulnerabilities([finding()])
        hold = create_workflow(client, "TEST", LAUNCH, COLLECT, WAIT)
        arn = build_with(client, BUILD, hold, **parts)
        client.cancel_image_creation(imageBuildVersionArn=arn)
        mocked.progress("manual", times=100)
        client.retry_image(imageBuildVersionArn=arn)
        assert scan_of(client, arn) == {"status": "SCANNING"}
        assert found_in(client, arn) == []
        assert client.list_image_scan_finding_aggregations()["responses"] == []

    def test_a_second_scan_that_fails_hides_what_the_first_has_found(
        self, mocked: Control, client: Any, parts: Any
    ) -> None:
        mocked.find_vulnerabilities([finding()])
        mocked.fail_builds(step="Check", times=2)
        check = step("Check", "WaitForSSMAgent", INSTANCE)
        arn = build_with(client, BUILD, create_workflow(client, "TEST", LAUNCH, COLLECT, check), **parts)
        assert (scan_of(client, arn), found_in(client, arn)) == ({"status": "COMPLETED"}, ["CVE-2026-0001"])
        mocked.fail_scans()
        client.retry_image(imageBuildVersionArn=arn)
        assert scan_of(client, arn)["status"] == "FAILED"
        assert found_in(client, arn) == []

    def test_a_workflow_that_does_not_collect(self, mocked: Control, client: Any, parts: Any) -> None:
        mocked.find_vulnerabilities([finding()])
        arn = build_with(client, BUILD, create_workflow(client, "TEST", LAUNCH), **parts)
        assert state_of(client, arn)["status"] == "AVAILABLE"
        assert scan_of(client, arn) == {"status": "ABANDONED"}
        assert found_in(client, arn) == []

    def test_containers(self, mocked: Control, client: Any, parts: Any) -> None:
        create_repository()
        create_container_recipe(client, "web server")
        mocked.find_vulnerabilities([finding()])
        arn = containers.build(client, imageScanningConfiguration=SCANNING)
        assert scan_of(client, arn) == {"status": "COMPLETED"}
        assert found_in(client, arn) == ["CVE-2026-0001"]

    def test_a_container_image_that_cannot_be_pushed_to_be_scanned(
        self, mocked: Control, client: Any, parts: Any
    ) -> None:
        create_repository()
        create_repository("scans")
        create_container_recipe(client, "web server")
        mocked.find_vulnerabilities([finding()])
        mocked.progress("manual", times=100)
        scanning = {**SCANNING, "ecrConfiguration": {"repositoryName": "scans"}}
        arn = containers.build(client, imageScanningConfiguration=scanning)
        client_of("ecr").delete_repository(repositoryName="scans")
        mocked.advance(arn, to="FAILED")
        assert scan_of(client, arn) == {"status": "FAILED", "reason": state_of(client, arn)["reason"]}
        assert found_in(client, arn) == []


class TestFindVulnerabilities:
    def test_by_name(self, mocked: Control, client: Any, parts: Any) -> None:
        other = create_recipe(client, name="database")
        mocked.find_vulnerabilities([finding()], match="web *")
        web, database = create_image(client, **parts), create_image(client, **{**parts, "imageRecipeArn": other})
        assert (found_in(client, web), found_in(client, database)) == (["CVE-2026-0001"], [])
        assert scan_of(client, database) == {"status": "COMPLETED"}

    def test_by_recipe_and_pipeline(self, mocked: Control, client: Any, parts: Any) -> None:
        pipeline = create_pipeline(client, imageScanningConfiguration=SCANNING)
        mocked.find_vulnerabilities([finding("CVE-1")], pipeline="nightly")
        mocked.find_vulnerabilities([finding("CVE-2")], recipe=parts["imageRecipeArn"])
        mocked.find_vulnerabilities([finding("CVE-3")], recipe="database")
        of_pipeline = client.start_image_pipeline_execution(imagePipelineArn=pipeline)["imageBuildVersionArn"]
        assert found_in(client, of_pipeline) == ["CVE-1", "CVE-2"]
        assert found_in(client, create_image(client, **parts)) == ["CVE-2"]

    def test_they_are_in_all_counts(self, mocked: Control, client: Any, parts: Any) -> None:
        pipeline = create_pipeline(client, imageScanningConfiguration=SCANNING)
        mocked.find_vulnerabilities([finding("CVE-1", "CRITICAL"), finding("CVE-2", "LOW")])
        arn = client.start_image_pipeline_execution(imagePipelineArn=pipeline)["imageBuildVersionArn"]
        create_image(client, **parts)

        def counted(*values: str, **filter_: str) -> list[Any]:
            request = {"filter": {**filter_, "values": [*values]}} if values else {}
            responses = client.list_image_scan_finding_aggregations(**request)["responses"]
            return [aggregation["severityCounts"] for entry in responses for aggregation in entry.values()]

        assert counted() == [{"all": 4, "critical": 2, "high": 0, "medium": 0}]
        assert counted(arn, name="imageBuildVersionArn") == [{"all": 2, "critical": 1, "high": 0, "medium": 0}]
        assert counted(pipeline, name="imagePipelineArn") == [{"all": 2, "critical": 1, "high": 0, "medium": 0}]
        assert counted("CVE-1", name="vulnerabilityId") == [{"all": 2, "critical": 2, "high": 0, "medium": 0}]

    def test_times(self, mocked: Control, client: Any, parts: Any) -> None:
        mocked.find_vulnerabilities([finding()], times=2)
        assert [len(found_in(client, create_image(client, **parts))) for _ in range(3)] == [1, 1, 0]

    def test_until_it_is_ended(self, mocked: Control, client: Any, parts: Any) -> None:
        rule = mocked.find_vulnerabilities([finding()])
        first = create_image(client, **parts)
        mocked.end_rule(rule)
        assert [len(found_in(client, arn)) for arn in (first, create_image(client, **parts))] == [1, 0]

    def test_next_to_findings_of_the_image(self, mocked: Control, client: Any, parts: Any) -> None:
        mocked.progress("manual", times=100)
        mocked.find_vulnerabilities([finding("CVE-1")])
        arn = create_image(client, **parts)
        mocked.add_findings(arn, [finding("CVE-2")])
        mocked.advance(arn, to="AVAILABLE")
        mocked.add_findings(arn, [finding("CVE-3")])
        assert found_in(client, arn) == ["CVE-2", "CVE-1", "CVE-3"]

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            ({"findings": []}, "findings must have at least one entry"),
            (
                {"findings": [{"severity": "SEVERE"}]},
                "finding.severity must be one of: CRITICAL, HIGH, MEDIUM, LOW, INFORMATIONAL, UNTRIAGED",
            ),
            ({"findings": [{"awsAccountId": ACCOUNT}]}, "finding.awsAccountId is for the image to say"),
            (
                {"findings": [{"type": "NETWORK_REACHABILITY"}]},
                "finding.type must be PACKAGE_VULNERABILITY for this image",
            ),
            ({"findings": [{}], "times": 0}, "times must be positive, or None"),
        ],
    )
    def test_refused(self, mocked: Control, arguments: dict[str, Any], message: str) -> None:
        with pytest.raises(ValueError) as raised:  # noqa: PT011 - the whole message is compared
            mocked.find_vulnerabilities(**arguments)
        assert str(raised.value) == message


class TestFailScans:
    @pytest.mark.parametrize(
        ("status", "text"),
        [
            ("FAILED", "The scan was made to fail by the test."),
            ("TIMED_OUT", "The scan was made to time out by the test."),
        ],
    )
    def test_the_image_goes_on(self, mocked: Control, client: Any, parts: Any, status: Any, text: str) -> None:
        mocked.find_vulnerabilities([finding()])
        mocked.fail_scans(status)
        arn = create_image(client, **parts)
        assert state_of(client, arn) == {"status": "AVAILABLE"}
        assert scan_of(client, arn) == {"status": status, "reason": text}
        collect = all_steps_of(client, arn)["CollectImageScanFindings"]
        message = f"{text.rstrip('.')} in workflow step CollectImageScanFindings"
        assert (collect["status"], collect["message"], json.loads(collect["outputs"])) == ("FAILED", message, message)
        assert found_in(client, arn) == []
        with pytest.raises(ValueError, match=f"its scan has ended with the status {status}$"):
            mocked.add_findings(arn, [finding()])
        following = create_image(client, **parts)
        assert scan_of(client, following) == {"status": "COMPLETED"}

    def test_a_workflow_that_aborts(self, mocked: Control, client: Any, parts: Any) -> None:
        rule = mocked.fail_scans(reason="No agent.", match="web*", times=None)
        arn = build_with(client, BUILD, create_workflow(client, "TEST", LAUNCH, COLLECT), **parts)
        state = state_of(client, arn)
        assert state["status"] == "FAILED"
        assert state["reason"].endswith("failed with reason: No agent in workflow step Collect")
        assert scan_of(client, arn) == {"status": "FAILED", "reason": "No agent."}
        client.retry_image(imageBuildVersionArn=arn)
        assert scan_of(client, arn) == {"status": "FAILED", "reason": "No agent."}
        mocked.end_rule(rule)
        client.retry_image(imageBuildVersionArn=arn)
        assert scan_of(client, arn) == {"status": "COMPLETED"}

    def test_refused(self, mocked: Control) -> None:
        status: Any = "ABANDONED"
        with pytest.raises(ValueError, match=r"^status must be one of FAILED, TIMED_OUT, not 'ABANDONED'$"):
            mocked.fail_scans(status)
        with pytest.raises(ValueError, match=r"^times must be positive, or None$"):
            mocked.fail_scans(times=0)


class TestScansOfTheOutputAmi:
    """EC2 has their findings; the image has a condition for them."""

    def test_without_a_condition(self, mocked: Control, client: Any, parts: Any) -> None:
        mocked.find_vulnerabilities([finding(severity="CRITICAL", fixAvailable="YES")])
        mocked.progress("manual", times=100)
        arn = create_image(client, **{**parts, "imageScanningConfiguration": on_demand()})
        mocked.advance(arn, to="TESTING")
        assert scan_of(client, arn) == {"status": "SCANNING"}
        assert mocked.advance(arn) == "AVAILABLE"
        assert scan_of(client, arn) == {"status": "COMPLETED"}
        assert found_in(client, arn) == []

    @pytest.mark.parametrize(
        ("found", "condition", "status"),
        [
            ({"severity": "CRITICAL", "fixAvailable": "YES"}, {"maximumSeverityLabel": "HIGH"}, "FAILED"),
            ({"severity": "HIGH", "fixAvailable": "YES"}, {"maximumSeverityLabel": "HIGH"}, "AVAILABLE"),
            ({"severity": "HIGH", "fixAvailable": "PARTIAL"}, {"maximumSeverityLabel": "MEDIUM"}, "FAILED"),
            ({"severity": "CRITICAL", "fixAvailable": "NO"}, {"maximumSeverityLabel": "LOW"}, "AVAILABLE"),
            ({"severity": "CRITICAL"}, {"maximumSeverityLabel": "LOW", "fixAvailable": True}, "AVAILABLE"),
            ({"severity": "CRITICAL"}, {"maximumSeverityLabel": "LOW", "fixAvailable": False}, "FAILED"),
            ({"fixAvailable": "YES"}, {"maximumSeverityLabel": "INFORMATIONAL"}, "AVAILABLE"),
        ],
    )
    def test_with_a_condition(
        self, mocked: Control, client: Any, parts: Any, found: Any, condition: Any, status: str
    ) -> None:
        distributions = [{"region": "eu-west-1", "amiDistributionConfiguration": {}}]
        distribution = client.create_distribution_configuration(name="west", distributions=distributions)
        mocked.find_vulnerabilities([finding(), found], times=1)
        members = {
            "imageScanningConfiguration": on_demand(condition),
            "distributionConfigurationArn": distribution["distributionConfigurationArn"],
        }
        arn = create_image(client, **{**parts, **members})
        state = state_of(client, arn)
        assert state["status"] == status
        assert scan_of(client, arn) == {"status": "COMPLETED"}
        amis = get_image(client, arn)["outputResources"]["amis"]
        assert len(amis) == (1 if status == "FAILED" else 2)
        if status == "FAILED":
            limit = condition["maximumSeverityLabel"]
            assert state["reason"] == f"The scan of the output AMI has findings above the maximum severity {limit}."
            assert state["failureContext"] == {"imageStatus": "TESTING"}

    def test_a_scan_that_fails(self, mocked: Control, client: Any, parts: Any) -> None:
        mocked.fail_scans("TIMED_OUT", reason="Too slow.", times=2)
        without = create_image(client, **{**parts, "imageScanningConfiguration": on_demand()})
        assert state_of(client, without) == {"status": "AVAILABLE"}
        assert scan_of(client, without) == {"status": "TIMED_OUT", "reason": "Too slow."}
        condition = on_demand({"maximumSeverityLabel": "HIGH"})
        arn = create_image(client, **{**parts, "imageScanningConfiguration": condition})
        state = state_of(client, arn)
        assert state["reason"] == "The scan of the output AMI ended with the status TIMED_OUT: Too slow."
        assert state["failureContext"] == {"imageStatus": "TESTING"}
        assert scan_of(client, arn) == {"status": "TIMED_OUT", "reason": "Too slow."}
        client.retry_image(imageBuildVersionArn=arn)
        assert (state_of(client, arn)["status"], scan_of(client, arn)["status"]) == ("AVAILABLE", "COMPLETED")
