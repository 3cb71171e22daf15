"""The seam announces the births of backends: what builds left in a neighbour is there when somebody first looks.

Each test names the assumption about moto that it checks.
"""

from __future__ import annotations

import inspect
from threading import Thread
from typing import Any

import boto3
import pytest
from moto import backends, mock_aws
from moto.core import base_backend
from moto.core.base_backend import AccountSpecificBackend, BackendDict

from mock_imagebuilder import Control, imagebuilder_backends
from mock_imagebuilder.imagebuilder.builds.outputs import outbox

from .conftest import ACCOUNT, REGION


def make_image_without_ec2() -> str:
    """The AMI of a new image, while nobody has looked at EC2 yet."""
    arn = Control().make_image("golden")
    client = boto3.client("imagebuilder", region_name=REGION)
    (ami,) = client.get_image(imageBuildVersionArn=arn)["image"]["outputResources"]["amis"]
    assert imagebuilder_backends.outbox.waits_for("ec2", ACCOUNT, REGION)
    return str(ami["image"])


def amis(client: Any) -> set[str]:
    return {image["ImageId"] for image in client.describe_images(Owners=["self"])["Images"]}


def ec2_backends() -> Any:
    from moto.ec2.models import ec2_backends

    return ec2_backends


def test_getting_an_item_is_the_only_way_to_a_backend() -> None:
    own = {name for name, value in vars(AccountSpecificBackend).items() if inspect.isfunction(value)}
    known = {"__init__", "reset", *(f"__{name}__" for name in ["hash", "eq", "ne", "contains", "iter", "len"])}
    items = {"__getitem__", "__setitem__", "__delitem__"}
    assert own == known | items, "AccountSpecificBackend has other methods: can they give birth to a backend?"
    assert base_backend.backend_lock.acquire(blocking=False), "moto's lock for new backends has moved"
    try:
        assert base_backend.backend_lock.acquire(blocking=False), "moto's lock is no longer reentrant"
        base_backend.backend_lock.release()
    finally:
        base_backend.backend_lock.release()


def test_a_backend_knows_its_service_and_account(mocked: Control) -> None:
    of_account = imagebuilder_backends[ACCOUNT]
    assert (of_account.service_name, of_account.account_id) == ("imagebuilder", ACCOUNT)


def test_an_ami_is_there_through_boto3(mocked: Control) -> None:
    ami = make_image_without_ec2()
    assert amis(boto3.client("ec2", region_name=REGION)) == {ami}


def test_an_ami_is_there_in_the_backend_itself(mocked: Control) -> None:
    ami = make_image_without_ec2()
    assert ami in ec2_backends()[ACCOUNT][REGION].amis


def test_an_ami_is_there_through_motos_look_up(mocked: Control) -> None:
    ami = make_image_without_ec2()
    assert ami in backends.get_backend("ec2")[ACCOUNT][REGION].amis


def test_an_ami_is_there_through_the_server(mocked: Control) -> None:
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        ami = make_image_without_ec2()
        ec2 = boto3.client("ec2", region_name=REGION, endpoint_url=f"http://{host}:{port}")
        assert amis(ec2) == {ami}
    finally:
        server.stop()


def test_partitions_are_regions_of_global_services(mocked: Control) -> None:
    seen: list[str] = []
    imagebuilder_backends.outbox.post("iam", ACCOUNT, "aws", lambda backend: seen.append(backend.partition))
    if not seen:
        backends.get_backend("iam")[ACCOUNT]["global"]
    assert seen == ["aws"], "'global' no longer stands for the partition 'aws'"


def test_nothing_appears_elsewhere(mocked: Control, monkeypatch: pytest.MonkeyPatch) -> None:
    ami = make_image_without_ec2()
    assert amis(boto3.client("ec2", region_name="eu-west-1")) == set()
    here = boto3.client("ec2", region_name=REGION)
    with monkeypatch.context() as other_account:
        other_account.setenv("MOTO_ACCOUNT_ID", "210987654321")
        assert amis(here) == set()
    assert amis(here) == {ami}


def test_nothing_waits_after_a_reset() -> None:
    mock = mock_aws()
    with mock:
        make_image_without_ec2()
        mock.reset()
        assert not imagebuilder_backends.outbox.waits_for("ec2", ACCOUNT, REGION)
        assert amis(boto3.client("ec2", region_name=REGION)) == set()
    with mock_aws():
        make_image_without_ec2()
    with mock_aws():
        assert amis(boto3.client("ec2", region_name=REGION)) == set()


def test_resets_go_through_the_dict_of_backends(monkeypatch: pytest.MonkeyPatch) -> None:
    resets = []
    reset_all = BackendDict.reset

    def reset() -> None:
        resets.append("reset")
        reset_all()

    monkeypatch.setattr(BackendDict, "reset", reset)
    mock = mock_aws()
    with mock:
        resets.clear()
        mock.reset()
        assert resets == ["reset"], "MockAWS.reset no longer calls BackendDict.reset"
        imagebuilder_backends[ACCOUNT][REGION]
        assert imagebuilder_backends in BackendDict._instances, "BackendDict._instances has moved"  # type: ignore[misc]
    assert list(imagebuilder_backends) == [], "BackendDict.reset no longer calls clear"


def test_a_birth_in_another_thread_loses_nothing(mocked: Control, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who posts looks whether the backend lives, and puts the effect by if it does not: no birth gets in between."""
    birth = Thread(target=lambda: ec2_backends()[ACCOUNT][REGION])
    find = outbox.living_backend

    def find_while_it_is_born(service: str, account_id: str, region: str) -> Any:
        found = find(service, account_id, region)
        if service == "ec2" and not birth.ident:
            birth.start()
            birth.join(timeout=0.2)
            assert birth.is_alive(), "a backend was born while somebody was posting to it"
        return found

    ec2_backends()  # imported before the clock above runs
    monkeypatch.setattr(outbox, "living_backend", find_while_it_is_born)
    arn = mocked.make_image("golden")
    birth.join()
    client = boto3.client("imagebuilder", region_name=REGION)
    (ami,) = client.get_image(imageBuildVersionArn=arn)["image"]["outputResources"]["amis"]
    assert ami["image"] in ec2_backends()[ACCOUNT][REGION].amis
