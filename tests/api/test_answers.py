"""Answers: a result becomes status, headers and body, and so does an error."""

from __future__ import annotations

import json
import sys
from datetime import datetime, timezone

import pytest
from moto.core.exceptions import ServiceException

from mock_imagebuilder.imagebuilder import api, exceptions
from mock_imagebuilder.imagebuilder.api.answers import compile_encoder
from mock_imagebuilder.imagebuilder.exceptions import ImageBuilderException

ID = "01234567-89ab-cdef-0123-456789abcdef"
MODEL = api.load_model()
ERRORS = [name for name, shape in MODEL.shapes.items() if shape.get("exception")]
CLASSES = {
    item.code: item
    for item in vars(exceptions).values()
    if isinstance(item, type) and issubclass(item, ImageBuilderException) and item is not ImageBuilderException
}
#: The mock's own word, and errors that came with newer models than the oldest that is supported.
NOT_IN_EVERY_MODEL = (
    "OperationNotImplemented",
    "AccessDeniedException",
    "DryRunOperationException",
    "TooManyRequestsException",
)


class TestSuccess:
    def test_has_the_members_of_the_answer_and_the_request_id(self) -> None:
        operation = api.operations()["DeleteImage"]
        status, headers, body = api.success_answer(operation, {"imageBuildVersionArn": "arn"}, ID)
        assert status == 200
        assert headers == {"Content-Type": "application/json", "x-amzn-requestid": ID}
        assert json.loads(body) == {"requestId": ID, "imageBuildVersionArn": "arn"}

    def test_has_no_request_id_in_the_body_where_the_model_has_none(self) -> None:
        operation = api.operations()["DeleteWorkflow"]
        _, headers, body = api.success_answer(operation, {"workflowBuildVersionArn": "arn"}, ID)
        assert headers["x-amzn-requestid"] == ID
        assert json.loads(body) == {"workflowBuildVersionArn": "arn"}

    def test_can_be_an_empty_object(self) -> None:
        assert api.success_answer(api.operations()["TagResource"], {}, ID)[2] == "{}"

    def test_keeps_text_as_it_is(self) -> None:
        text = 'Gr\u00fc\u00dfe "\u4f60\u597d" \U0001f600 \u2028 </script>'
        answer = api.success_answer(api.operations()["ListTagsForResource"], {"tags": {"Text": text}}, ID)
        assert json.loads(answer[2]) == {"tags": {"Text": text}}

    def test_leaves_out_what_the_installed_model_lacks(self) -> None:
        result = {"imageBuildVersionArn": "arn", "newerMember": "x"}
        answer = api.success_answer(api.operations()["DeleteImage"], result, ID)
        assert json.loads(answer[2]) == {"requestId": ID, "imageBuildVersionArn": "arn"}


class TestError:
    @pytest.mark.parametrize("code", ERRORS)
    def test_has_the_status_of_the_model(self, code: str) -> None:
        error = ServiceException("It is so.", code)
        error.code, error.message = code, "It is so."
        status, headers, body = api.error_answer(error, ID)
        assert status == MODEL.shapes[code]["error"]["httpStatusCode"]
        assert headers == {"Content-Type": "application/json", "x-amzn-requestid": ID, "x-amzn-errortype": code}
        assert json.loads(body) == {"message": "It is so."}

    @pytest.mark.parametrize("code", ERRORS)
    def test_of_the_model_has_a_class(self, code: str) -> None:
        assert CLASSES[code].code == code

    @pytest.mark.parametrize("code", CLASSES)
    def test_class_is_of_the_model_or_the_mocks_own(self, code: str) -> None:
        assert code in ERRORS or code in NOT_IN_EVERY_MODEL

    def test_that_no_model_knows_is_a_400(self) -> None:
        status, headers, body = api.error_answer(exceptions.OperationNotImplemented("CreateImage"), ID)
        assert (status, headers["x-amzn-errortype"]) == (400, "OperationNotImplemented")
        assert json.loads(body) == {"message": "mock_imagebuilder does not implement the operation CreateImage yet."}

    def test_a_shape_that_is_no_error_has_no_status(self) -> None:
        assert MODEL.status_of("Component") is None
        assert MODEL.status_of("NoSuchShape") is None

    def test_a_fault_without_a_status_of_its_own(self) -> None:
        model = api.ApiModel(
            {"operations": {}, "shapes": {"Fault": {"exception": True, "fault": True}, "Error": {"exception": True}}}
        )
        assert (model.status_of("Fault"), model.status_of("Error")) == (500, 400)


class TestMessages:
    ARN = "arn:aws:imagebuilder:us-east-1:123456789012:image-recipe/golden/1.0.0"

    @pytest.mark.parametrize(
        ("error", "code", "message"),
        [
            (
                exceptions.ResourceNotFoundException("ImageRecipe", ARN),
                "ResourceNotFoundException",
                f"The following required resource 'ImageRecipe' cannot be found: '{ARN}'.",
            ),
            (
                exceptions.ResourceAlreadyExistsException("ImageRecipe", ARN),
                "ResourceAlreadyExistsException",
                f"The following resource 'ImageRecipe' already exists: '{ARN}'.",
            ),
            (
                exceptions.ResourceDependencyException.depended_on(ARN),
                "ResourceDependencyException",
                f"Resource dependency error: The resource ARN '{ARN}' has other resources depended on it.",
            ),
            (exceptions.DryRunOperationException(), "DryRunOperationException", "Request would have succeeded"),
            (
                exceptions.InvalidPaginationTokenException(),
                "InvalidPaginationTokenException",
                "The provided pagination token is not valid.",
            ),
            (
                exceptions.invalid_value("distributions[0].region", "The Region 'x' does not exist."),
                "InvalidParameterValueException",
                "The value supplied for parameter 'distributions[0].region' is not valid. The Region 'x' does not exist.",
            ),
            (
                exceptions.invalid_combination("data", "Give one of data and uri."),
                "InvalidParameterCombinationException",
                "The value supplied for parameter 'data' is not valid. Give one of data and uri.",
            ),
        ],
    )
    def test_are_those_of_the_service(self, error: ImageBuilderException, code: str, message: str) -> None:
        assert (error.code, error.message) == (code, message)


class TestEncoder:
    """orjson is an extra: with it and without it an answer is the same."""

    BODY = {"text": 'sn\u00f6 \U0001f4bf "quoted"\n', "map": {}, "list": [1, 2.5, True], "time": 1788982478.409}

    @pytest.fixture(params=["with orjson", "without orjson"])
    def with_and_without(self, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
        if request.param == "with orjson":
            pytest.importorskip("orjson")
        else:
            monkeypatch.setitem(sys.modules, "orjson", None)

    @pytest.mark.usefixtures("with_and_without")
    def test_writes_compact_json(self) -> None:
        text = compile_encoder()(self.BODY)
        assert json.loads(text) == self.BODY
        assert text.endswith('"map":{},"list":[1,2.5,true],"time":1788982478.409}')

    @pytest.mark.usefixtures("with_and_without")
    def test_refuses_a_date_that_nobody_has_projected(self) -> None:
        with pytest.raises(TypeError):
            compile_encoder()({"date": datetime(2026, 1, 1, tzinfo=timezone.utc)})
