"""Users and roles with policies, and what they are told when these do not suffice."""

from __future__ import annotations

import json
from typing import Any

import boto3

from .conftest import ACCOUNT, REGION
from .errors import refused

BASE = f"arn:aws:imagebuilder:{REGION}:{ACCOUNT}"
USER = f"arn:aws:iam::{ACCOUNT}:user/builder"


def policy(action: str | list[str], resource: str = "*", effect: str = "Allow") -> dict[str, Any]:
    return {"Effect": effect, "Action": action, "Resource": resource}


def user(*statements: dict[str, Any]) -> dict[str, str]:
    """The credentials of a new user with these statements as its policy."""
    iam = boto3.client("iam", region_name=REGION)
    iam.create_user(UserName="builder")
    if statements:
        document = json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
        iam.put_user_policy(UserName="builder", PolicyName="policy", PolicyDocument=document)
    key = iam.create_access_key(UserName="builder")["AccessKey"]
    return {"aws_access_key_id": key["AccessKeyId"], "aws_secret_access_key": key["SecretAccessKey"]}


def role(*statements: dict[str, Any]) -> dict[str, str]:
    """The credentials of a session of a new role."""
    iam = boto3.client("iam", region_name=REGION)
    trust = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}
    arn = iam.create_role(
        RoleName="Builder", AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    )["Role"]["Arn"]
    if statements:
        document = json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
        iam.put_role_policy(RoleName="Builder", PolicyName="policy", PolicyDocument=document)
    keys = boto3.client("sts", region_name=REGION).assume_role(RoleArn=arn, RoleSessionName="session")["Credentials"]
    return {
        "aws_access_key_id": keys["AccessKeyId"],
        "aws_secret_access_key": keys["SecretAccessKey"],
        "aws_session_token": keys["SessionToken"],
    }


def imagebuilder(credentials: dict[str, str]) -> Any:
    return boto3.client("imagebuilder", region_name=REGION, **credentials)


def denied(action: str, resource: str, who: str = USER) -> Any:
    return refused(
        "AccessDeniedException",
        403,
        f"User: {who} is not authorized to perform: imagebuilder:{action} on resource: {resource}",
    )
