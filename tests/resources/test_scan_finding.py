"""Findings of image scans: put there by the test, listed, filtered, counted."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from freezegun import freeze_time

from mock_imagebuilder import Control, mock_imagebuilder

from ..build_parts import PARTS, create_infrastructure, create_pipeline, create_recipe
from ..conftest import ACCOUNT, REGION
from ..images import client_of, create_image
from ..refusals import invalid
from ..served import serving

SCANNING = {"imageScanningEnabled": True}
FILTERS = "imageBuildVersionArn, imagePipelineArn, severity, vulnerabilityId"
AGGREGATIONS = "imageBuildVersionArn, imagePipelineArn, vulnerabilityId"

#: With every member that an answer of the service is known to have.
KERNEL: dict[str, Any] = {
    "description": "A flaw in the kernel.",
    "title": "CVE-2025-38064 - kernel",
    "remediation": {"recommendation": {"text": "None Provided"}},
    "severity": "HIGH",
    "inspectorScore": 7.0,
    "inspectorScoreDetails": {
        "adjustedCvss": {
            "scoreSource": "AMAZON_CVE",
            "cvssSource": "AMAZON_CVE",
            "version": "3.1",
            "score": 7.0,
            "scoringVector": "CVSS:3.1/AV:L/AC:H/PR:L/UI:N/S:U/C:H/I:H/A:H",
            "adjustments": [],
        }
    },
    "packageVulnerabilityDetails": {
        "vulnerabilityId": "CVE-2025-38064",
        "vulnerablePackages": [
            {
                "name": "kernel",
                "version": "4.14.355",
                "epoch": 0,
                "release": "280.652.amzn2",
                "arch": "X86_64",
                "packageManager": "OS",
                "fixedInVersion": "0:5.15.189-131.202.amzn2",
                "remediation": "yum update kernel",
            }
        ],
        "source": "AMAZON_CVE",
        "relatedVulnerabilities": ["ALAS2-2025-2955"],
        "vendorSeverity": "Important",
    },
    "fixAvailable": "YES",
}


def finding(vulnerability_id: str = "CVE-2026-0001", severity: str = "HIGH", **members: Any) -> dict[str, Any]:
    return {
        "severity": severity,
        "packageVulnerabilityDetails": {"vulnerabilityId": vulnerability_id},
        **members,
    }


@pytest.fixture
def parts(client: Any, instance_profile: str) -> dict[str, Any]:
    """The members of CreateImage for an image that Amazon Inspector scans."""
    client_of("inspector2").enable(accountIds=[ACCOUNT], resourceTypes=["EC2"])
    create_recipe(client)
    create_infrastructure(client, instance_profile)
    return {**PARTS, "imageScanningConfiguration": SCANNING}


@pytest.fixture
def image(client: Any, parts: Any) -> str:
    return create_image(client, **parts)


def listed(client: Any, **request: Any) -> list[Any]:
    """The findings of one page."""
    findings: list[Any] = client.list_image_scan_findings(**request)["findings"]
    return findings


def filtered(client: Any, name: str, value: str) -> list[str]:
    findings = listed(client, filters=[{"name": name, "values": [value]}])
    return [entry["packageVulnerabilityDetails"]["vulnerabilityId"] for entry in findings]


class TestAdd:
    def test_a_finding_is_listed_as_it_was_given(self, mocked: Control, client: Any, image: str) -> None:
        with freeze_time("2026-01-06T20:12:57.250Z"):
            mocked.add_findings(image, [KERNEL])
        moment = datetime(2026, 1, 6, 20, 12, 57, 250000, timezone.utc)
        answer = client.list_image_scan_findings()
        metadata = answer.pop("ResponseMetadata")
        assert answer == {
            "requestId": metadata["RequestId"],
            "findings": [
                {
                    "awsAccountId": ACCOUNT,
                    "imageBuildVersionArn": image,
                    "type": "PACKAGE_VULNERABILITY",
                    "firstObservedAt": moment,
                    "updatedAt": moment,
                    **KERNEL,
                }
            ],
        }

    def test_nothing_has_to_be_given(self, mocked: Control, client: Any, image: str) -> None:
        with freeze_time("2026-01-06"):
            mocked.add_findings(image, [{}])
        moment = datetime(2026, 1, 6, tzinfo=timezone.utc)
        assert listed(client) == [
            {
                "awsAccountId": ACCOUNT,
                "imageBuildVersionArn": image,
                "type": "PACKAGE_VULNERABILITY",
                "severity": "UNTRIAGED",
                "firstObservedAt": moment,
                "updatedAt": moment,
            }
        ]

    def test_what_the_image_decides_on_may_be_given(self, mocked: Control, client: Any, image: str) -> None:
        given = {"awsAccountId": ACCOUNT, "imageBuildVersionArn": image, "type": "PACKAGE_VULNERABILITY"}
        mocked.add_findings(image, [given])
        assert listed(client)[0].items() >= given.items()

    def test_times(self, mocked: Control, client: Any, image: str) -> None:
        east = timezone(timedelta(hours=2))
        first, updated = datetime(2026, 1, 1, 12, tzinfo=east), datetime(2026, 1, 2, tzinfo=timezone.utc)
        details = {"vulnerabilityId": "CVE-2026-0001", "vendorCreatedAt": first}
        mocked.add_findings(
            image,
            [{"firstObservedAt": first, "updatedAt": updated.timestamp(), "packageVulnerabilityDetails": details}],
        )
        (entry,) = listed(client)
        assert (entry["firstObservedAt"], entry["updatedAt"]) == (first, updated)
        assert entry["packageVulnerabilityDetails"]["vendorCreatedAt"] == first

    def test_of_a_pipeline(self, mocked: Control, client: Any, parts: Any) -> None:
        pipeline = create_pipeline(client, imageScanningConfiguration=SCANNING)
        image = client.start_image_pipeline_execution(imagePipelineArn=pipeline)["imageBuildVersionArn"]
        mocked.add_findings(image, [finding()])
        assert listed(client)[0]["imagePipelineArn"] == pipeline

    def test_they_add_up(self, mocked: Control, client: Any, image: str) -> None:
        mocked.add_findings(image, (finding("CVE-2026-0001"), finding("CVE-2026-0002")))
        mocked.add_findings(image, [])
        mocked.add_findings(image, [finding("CVE-2026-0003")])
        ids = [entry["packageVulnerabilityDetails"]["vulnerabilityId"] for entry in listed(client)]
        assert ids == ["CVE-2026-0001", "CVE-2026-0002", "CVE-2026-0003"]

    def test_one_bad_finding_keeps_all_out(self, mocked: Control, client: Any, image: str) -> None:
        with pytest.raises(ValueError, match=r"finding\.severity"):
            mocked.add_findings(image, [finding(), finding(severity="SEVERE")])
        assert listed(client) == []

    @pytest.mark.parametrize(
        ("members", "message"),
        [
            ({"servrity": "HIGH"}, "finding.servrity is not known to the API model"),
            (
                {"remediation": {"recommendation": {"txt": "none"}}},
                "finding.remediation.recommendation.txt is not known to the API model",
            ),
            (
                {"packageVulnerabilityDetails": {"vulnerabilityId": "CVE-1", "vulnerablePackages": [{}, {"nme": "a"}]}},
                "finding.packageVulnerabilityDetails.vulnerablePackages[1].nme is not known to the API model",
            ),
            (
                {"severity": "SEVERE"},
                "finding.severity must be one of: CRITICAL, HIGH, MEDIUM, LOW, INFORMATIONAL, UNTRIAGED",
            ),
            ({"severity": 7}, "finding.severity must be a string"),
            ({"title": ""}, "finding.title must have between 1 and 1024 characters"),
            ({"inspectorScore": "7.0"}, "finding.inspectorScore must be a number"),
            ({"inspectorScore": -1}, "finding.inspectorScore must be at least 0"),
            ({"fixAvailable": "MAYBE"}, "finding.fixAvailable must be one of: YES, NO, PARTIAL"),
            ({"packageVulnerabilityDetails": {}}, "finding.packageVulnerabilityDetails.vulnerabilityId is required"),
            ({"remediation": []}, "finding.remediation must be an object"),
            ({"firstObservedAt": "2026-01-01"}, "finding.firstObservedAt must be a timestamp in seconds since 1970"),
            ({"updatedAt": datetime(2026, 1, 1)}, "finding.updatedAt must have a time zone"),  # noqa: DTZ001
            ({"type": "NETWORK_REACHABILITY"}, "finding.type must be PACKAGE_VULNERABILITY for this image"),
            ({"awsAccountId": "111122223333"}, f"finding.awsAccountId must be {ACCOUNT} for this image"),
            (
                {"imagePipelineArn": f"arn:aws:imagebuilder:{REGION}:{ACCOUNT}:image-pipeline/nightly"},
                "finding.imagePipelineArn must be None for this image",
            ),
        ],
    )
    def test_what_is_no_finding(
        self, mocked: Control, client: Any, image: str, members: dict[str, Any], message: str
    ) -> None:
        with pytest.raises(ValueError) as raised:  # noqa: PT011 - the whole message is compared
            mocked.add_findings(image, [members])
        assert str(raised.value) == message
        assert listed(client) == []


class TestImages:
    """Whose findings are to be seen, and when."""

    def test_an_image_that_is_not_there(self, mocked: Control) -> None:
        arn = f"arn:aws:imagebuilder:{REGION}:{ACCOUNT}:image/web-server/1.0.0/1"
        with pytest.raises(LookupError, match=f"there is no image {arn}"):
            mocked.add_findings(arn, [finding()])

    @pytest.mark.parametrize("scanning", [None, {}, {"imageScanningEnabled": False}])
    def test_an_image_that_is_not_scanned(self, mocked: Control, client: Any, parts: Any, scanning: Any) -> None:
        members = {**parts, "imageScanningConfiguration": scanning}
        image = create_image(client, **{name: value for name, value in members.items() if value is not None})
        with pytest.raises(ValueError, match="is not scanned: its imageScanningConfiguration does not enable it"):
            mocked.add_findings(image, [finding()])

    def test_an_imported_image(self, mocked: Control) -> None:
        with pytest.raises(ValueError, match="is not scanned"):
            mocked.add_findings(mocked.make_image(), [finding()])

    def test_a_scan_of_the_output_ami(self, mocked: Control, client: Any, parts: Any) -> None:
        scanning = {**SCANNING, "imageScanningTypes": ["ON_DEMAND_AMI_CVE"]}
        image = create_image(client, **{**parts, "imageScanningConfiguration": scanning})
        with pytest.raises(ValueError, match=f"EC2 has the findings of {image}"):
            mocked.add_findings(image, [finding()])

    def test_a_scan_of_the_test_instance(self, mocked: Control, client: Any, parts: Any) -> None:
        scanning = {**SCANNING, "imageScanningTypes": ["TEST_INSTANCE_CVE"]}
        image = create_image(client, **{**parts, "imageScanningConfiguration": scanning})
        mocked.add_findings(image, [finding()])
        assert len(listed(client)) == 1

    def test_nothing_is_seen_before_the_tests_are_over(self, mocked: Control, client: Any, parts: Any) -> None:
        mocked.progress("manual", times=100)
        image = create_image(client, **parts)
        mocked.add_findings(image, [finding()])
        assert mocked.advance(image, to="TESTING") == "TESTING"
        assert listed(client) == []
        assert client.list_image_scan_finding_aggregations()["responses"] == []
        assert mocked.advance(image) == "AVAILABLE"
        assert len(listed(client)) == 1

    def test_nothing_is_seen_while_an_image_is_tested_again(self, mocked: Control, client: Any, parts: Any) -> None:
        mocked.fail_next_build("TESTING", step="ApplyTestComponents")  # when its scan is complete
        failed = create_image(client, **parts)
        mocked.add_findings(failed, [finding("CVE-2026-0001")])
        other = create_image(client, **parts)
        mocked.add_findings(other, [finding("CVE-2026-0001"), finding("CVE-2026-0002")])
        mocked.add_findings(failed, [finding("CVE-2026-0003")])

        def seen() -> list[str]:
            return [entry["packageVulnerabilityDetails"]["vulnerabilityId"][-4:] for entry in listed(client)]

        def count() -> dict[str, int]:
            responses = client.list_image_scan_finding_aggregations(filter={"name": "vulnerabilityId"})["responses"]
            entries = (response["vulnerabilityIdAggregation"] for response in responses)
            return {entry["vulnerabilityId"][-4:]: entry["severityCounts"]["high"] for entry in entries}

        assert (seen(), count()) == (["0001", "0001", "0002", "0003"], {"0001": 2, "0002": 1, "0003": 1})
        mocked.progress("manual", times=100)
        client.retry_image(imageBuildVersionArn=failed)
        assert (seen(), count()) == (["0001", "0002"], {"0001": 1, "0002": 1})
        mocked.add_findings(failed, [finding("CVE-2026-0004")])
        assert mocked.advance(failed) == "AVAILABLE"
        assert seen() == ["0001", "0001", "0002", "0003", "0004"]
        assert count() == {"0001": 2, "0002": 1, "0003": 1, "0004": 1}
        client.delete_image(imageBuildVersionArn=failed)
        assert (seen(), count()) == (["0001", "0002"], {"0001": 1, "0002": 1})

    def test_findings_go_with_their_image(self, mocked: Control, client: Any, parts: Any) -> None:
        first, second = (create_image(client, **parts) for _ in range(2))
        for image, vulnerability_id in ((first, "CVE-2026-0001"), (second, "CVE-2026-0002")):
            mocked.add_findings(image, [finding(vulnerability_id)])
        client.delete_image(imageBuildVersionArn=first)
        assert [entry["imageBuildVersionArn"] for entry in listed(client)] == [second]

    def test_other_accounts_and_regions_see_nothing(self, mocked: Control, client: Any, image: str) -> None:
        mocked.add_findings(image, [finding()])
        for place in (("111122223333", REGION), (ACCOUNT, "eu-west-1")):
            elsewhere = client_of("imagebuilder", *place)
            assert listed(elsewhere) == []
            assert elsewhere.list_image_scan_finding_aggregations()["responses"] == []

    def test_a_reset_forgets_them(self, mocked: Control, client: Any, image: str) -> None:
        mocked.add_findings(image, [finding()])
        mock_imagebuilder().reset()
        assert listed(client) == []


class TestList:
    @pytest.fixture
    def pipeline(self, client: Any, parts: Any) -> str:
        return create_pipeline(client, imageScanningConfiguration=SCANNING)

    def test_filters(self, mocked: Control, client: Any, pipeline: str, image: str) -> None:
        of_pipeline = client.start_image_pipeline_execution(imagePipelineArn=pipeline)["imageBuildVersionArn"]
        mocked.add_findings(image, [finding("CVE-1", "LOW"), finding("CVE-2", "HIGH")])
        mocked.add_findings(of_pipeline, [finding("CVE-2", "HIGH"), finding("CVE-3", "CRITICAL")])
        assert filtered(client, "imageBuildVersionArn", image) == ["CVE-1", "CVE-2"]
        assert filtered(client, "imagePipelineArn", pipeline) == ["CVE-2", "CVE-3"]
        assert filtered(client, "vulnerabilityId", "CVE-2") == ["CVE-2", "CVE-2"]
        assert filtered(client, "vulnerabilityId", "CVE-*") == []
        assert filtered(client, "severity", "CRITICAL") == ["CVE-3"]
        assert filtered(client, "severity", "critical") == []

    def test_an_unknown_filter(self, client: Any) -> None:
        with invalid("filters[0].name", f"Valid filter names are: {FILTERS}."):
            listed(client, filters=[{"name": "title", "values": ["CVE"]}])

    def test_one_filter_with_one_value(self, client: Any) -> None:
        by_severity = {"name": "severity", "values": ["HIGH"]}
        with invalid("filters", "filters must have between 1 and 1 entries"):
            listed(client, filters=[by_severity, by_severity])
        with invalid("filters[0].values", "filters[0].values must have between 1 and 1 entries"):
            listed(client, filters=[{"name": "severity", "values": ["HIGH", "LOW"]}])

    def test_pages(self, mocked: Control, client: Any, image: str) -> None:
        mocked.add_findings(image, [finding(f"CVE-{number}") for number in range(5)])
        pages = client.get_paginator("list_image_scan_findings").paginate(PaginationConfig={"PageSize": 2})
        titles = [
            [entry["packageVulnerabilityDetails"]["vulnerabilityId"] for entry in page["findings"]] for page in pages
        ]
        assert titles == [["CVE-0", "CVE-1"], ["CVE-2", "CVE-3"], ["CVE-4"]]

    def test_a_page_is_25_findings(self, mocked: Control, client: Any, image: str) -> None:
        mocked.add_findings(image, [finding()] * 26)
        first = client.list_image_scan_findings()
        assert len(first["findings"]) == 25
        second = client.list_image_scan_findings(nextToken=first["nextToken"])
        assert len(second["findings"]) == 1
        assert "nextToken" not in second

    def test_findings_that_go_between_two_pages(self, mocked: Control, client: Any, parts: Any) -> None:
        images = [create_image(client, **parts) for _ in range(3)]
        for number, image in enumerate(images):
            mocked.add_findings(image, [finding(f"CVE-{number}")])
        first = client.list_image_scan_findings(maxResults=1)
        client.delete_image(imageBuildVersionArn=images[0])
        client.delete_image(imageBuildVersionArn=images[1])
        second = client.list_image_scan_findings(maxResults=1, nextToken=first["nextToken"])
        assert [entry["imageBuildVersionArn"] for entry in second["findings"]] == [images[2]]


class TestAggregations:
    COUNTS = {"all": 6, "critical": 1, "high": 2, "medium": 1}

    @pytest.fixture
    def findings(self, mocked: Control, image: str) -> str:
        """One of each severity in an image, two of HIGH; gives the ARN of the image."""
        severities = ["CRITICAL", "HIGH", "HIGH", "MEDIUM", "LOW", "INFORMATIONAL"]
        mocked.add_findings(
            image, [finding(f"CVE-{number // 3}", severity) for number, severity in enumerate(severities)]
        )
        return image

    @staticmethod
    def ask(client: Any, *values: str, **filter_: str) -> Any:
        request: dict[str, Any] = {"filter": {**filter_, "values": [*values]}} if values else {}
        answer = client.list_image_scan_finding_aggregations(**request)
        metadata = answer.pop("ResponseMetadata")
        assert answer.pop("requestId") == metadata["RequestId"]
        return answer

    def test_of_the_account(self, client: Any, findings: str) -> None:
        assert self.ask(client) == {
            "aggregationType": "accountId",
            "responses": [{"accountAggregation": {"accountId": ACCOUNT, "severityCounts": self.COUNTS}}],
        }

    def test_of_an_account_without_findings(self, client: Any) -> None:
        assert self.ask(client) == {"aggregationType": "accountId", "responses": []}

    def test_of_an_image(self, client: Any, findings: str) -> None:
        assert self.ask(client, findings, name="imageBuildVersionArn") == {
            "aggregationType": "imageBuildVersionArn",
            "responses": [{"imageAggregation": {"imageBuildVersionArn": findings, "severityCounts": self.COUNTS}}],
        }

    def test_of_a_pipeline(self, mocked: Control, client: Any, findings: str) -> None:
        pipeline = create_pipeline(client, imageScanningConfiguration=SCANNING)
        for _ in range(2):
            image = client.start_image_pipeline_execution(imagePipelineArn=pipeline)["imageBuildVersionArn"]
            mocked.add_findings(image, [finding(severity="UNTRIAGED")])
        counts = {"all": 2, "critical": 0, "high": 0, "medium": 0}
        assert self.ask(client, pipeline, name="imagePipelineArn") == {
            "aggregationType": "imagePipelineArn",
            "responses": [{"imagePipelineAggregation": {"imagePipelineArn": pipeline, "severityCounts": counts}}],
        }

    def test_of_vulnerabilities(self, mocked: Control, client: Any, findings: str) -> None:
        mocked.add_findings(findings, [{"severity": "HIGH"}])
        first = {
            "vulnerabilityIdAggregation": {
                "vulnerabilityId": "CVE-0",
                "severityCounts": {"all": 3, "critical": 1, "high": 2, "medium": 0},
            }
        }
        second = {
            "vulnerabilityIdAggregation": {
                "vulnerabilityId": "CVE-1",
                "severityCounts": {"all": 3, "critical": 0, "high": 0, "medium": 1},
            }
        }
        answer = {"aggregationType": "vulnerabilityId"}
        assert self.ask(client, "CVE-0", name="vulnerabilityId") == {**answer, "responses": [first]}
        assert self.ask(client, "CVE-1", "CVE-0", name="vulnerabilityId") == {**answer, "responses": [first, second]}
        assert self.ask(client, "CVE-9", name="vulnerabilityId") == {**answer, "responses": []}
        every = client.list_image_scan_finding_aggregations(filter={"name": "vulnerabilityId"})
        assert every["responses"] == [first, second]

    @pytest.mark.parametrize("name", ["severity", "accountId", "vulnerabilityid"])
    def test_an_unknown_filter(self, client: Any, name: str) -> None:
        with invalid("filter.name", f"Valid filter names are: {AGGREGATIONS}."):
            self.ask(client, "HIGH", name=name)

    def test_a_filter_without_name(self, client: Any) -> None:
        with invalid("filter.name", f"Valid filter names are: {AGGREGATIONS}."):
            client.list_image_scan_finding_aggregations(filter={"values": ["HIGH"]})

    def test_pages(self, mocked: Control, client: Any, image: str) -> None:
        mocked.add_findings(image, [finding(f"CVE-{number:02}") for number in range(27)])
        pages = client.get_paginator("list_image_scan_finding_aggregations").paginate(
            filter={"name": "vulnerabilityId"}
        )
        sizes = [len(page["responses"]) for page in pages]
        assert sizes == [25, 2]


def test_findings_over_http() -> None:
    with serving() as address:
        client, iam = address.client("imagebuilder"), address.client("iam")
        iam.create_instance_profile(InstanceProfileName="builder")
        address.client("inspector2").enable(accountIds=[ACCOUNT], resourceTypes=["EC2"])
        create_recipe(client)
        create_infrastructure(client, "builder")
        image = create_image(client, imageScanningConfiguration=SCANNING)
        findings = [finding("CVE-2026-0001", inspectorScore=7, firstObservedAt=1767730377)]
        assert address.steer("add-findings", image_arn=image, findings=findings).json() == {"result": None}
        (entry,) = listed(client)
        assert entry["firstObservedAt"] == datetime.fromtimestamp(1767730377, timezone.utc)
        not_findings: list[Any] = [{}, ["CVE-2026-0001"], "CVE-2026-0001"]
        for wrong in not_findings:
            answer = address.steer("add-findings", image_arn=image, findings=wrong)
            assert (answer.status_code, answer.json()["message"].split(":")[0]) == (400, "findings is not valid")
        answer = address.steer("add-findings", image_arn=image, findings=[{"severity": "SEVERE"}])
        assert answer.status_code == 400
        assert answer.json()["message"].startswith("finding.severity must be one of: CRITICAL,")
        assert len(listed(client)) == 1
