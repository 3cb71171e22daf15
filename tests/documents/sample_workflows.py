"""Workflow documents as people write them, by name: the type, and the text."""

from __future__ import annotations

import json

BUILD_WITH_APPROVAL = """\
name: build-with-approval
description: Builds an AMI once somebody has looked at the instance.
schemaVersion: 1.0

parameters:
  - name: topicArn
    type: string
    description: Where the request for approval goes.
  - name: asksForApproval
    type: boolean
    default: true

steps:
  - name: LaunchBuildInstance
    action: LaunchInstance
    onFailure: Abort
    inputs:
      waitFor: "ssmAgent"

  - name: ApplyBuildComponents
    action: ExecuteComponents
    timeoutSeconds: 3600
    inputs:
      instanceId.$: "$.stepOutputs.LaunchBuildInstance.instanceId"

  - name: Approve_Image
    action: WaitForAction
    description: Somebody has to agree.
    if:
      - booleanEquals: true
        value: $.parameters.asksForApproval
    inputs:
      snsTopicArn.$: $.parameters.topicArn
      payload: 'Look at {{ $.stepOutputs.LaunchBuildInstance.instanceId }} of {{ $.imagebuilder.imageName }}.'

  - name: RunSanitizeScript
    action: SanitizeInstance
    if:
      and:
        - stringEquals: "AMI"
          value: "$.imagebuilder.imageType"
        - not:
            - stringEquals: "Windows"
              value: "$.imagebuilder.platform"
    inputs:
      instanceId.$: "$.stepOutputs.LaunchBuildInstance.instanceId"

  - name: CreateOutputAMI
    action: CreateImage
    inputs:
      instanceId.$: $.stepOutputs.LaunchBuildInstance.instanceId

  - name: TerminateBuildInstance
    action: TerminateInstance
    onFailure: Continue
    rollbackEnabled: false
    inputs:
      instanceId.$: $.stepOutputs.LaunchBuildInstance.instanceId
      waitForTermination: true

outputs:
  - name: "ImageId"
    value: "$.stepOutputs.CreateOutputAMI.imageId"
"""

TEST_WITH_STATE_MACHINE = """\
schemaVersion: 1.0
parameters:
  - name: stateMachineArn
  - {name: maxGib, type: integer, default: 16}
steps:
  - name: ValidateOutputAmi
    action: ExecuteStateMachine
    inputs:
      stateMachineArn.$: "$.parameters.stateMachineArn"
      input.$: |
        {
          "imageId": "{{ $.workflowOutputs.ImageId }}",
          "maxGib": {{ $.parameters.maxGib }}
        }
"""

GATED_DISTRIBUTION = """\
schemaVersion: "1.0"
parameters:
  - {name: accountId, type: string, default: ''}
  - {name: regions, type: stringList, default: [us-east-1, eu-west-1]}
steps:
  - name: Gate
    action: WaitForAction
  - name: Copy
    action: DistributeImage
    inputs:
      distributions:
        - region: us-east-1
          amiTags: {Release: approved}
        - region.$: $.parameters.regions[1]
          name: 'golden-{{ imagebuilder:buildDate }}'
          targetAccountIds: ['{{ $.parameters.accountId }}']
  - name: Share
    action: ModifyImageAttributes
    if:
      not:
        stringEquals: ''
        value: $.parameters.accountId
    inputs:
      distributedImages.$: $.stepOutputs.Copy.distributedImages
      attributes:
        - region: us-east-1
          launchPermission:
            userIds: ['{{ $.parameters.accountId }}']
  - name: Publish
    action: ApplyImageConfigurations
    inputs:
      distributedImages.$: $.stepOutputs.Copy.distributedImages
      configurations:
        - region: us-east-1
          ssmParameterConfigurations:
            - parameterName: /golden/ami
              dataType: aws:ec2:image
          launchTemplateConfigurations:
            - {launchTemplateId: lt-0123456789abcdef0, setDefaultVersion: true}
outputs:
  - name: firstCopy
    value: $.stepOutputs.Copy.distributedImages[0].amiId
  - name: approval
    value: 'approved because {{ $.stepOutputs.Gate.reason }}'
"""

AMI_FROM_A_SNAPSHOT = """\
schemaVersion: 1.0
steps:
  - name: Launch
    action: LaunchInstance
    inputs: {waitFor: ssmAgent, healthCheck: RUNNING, instanceTypesOverride: [m7i.large, m6i.large]}
  - name: CreateSnapshot
    action: RunCommand
    inputs:
      instanceId.$: $.stepOutputs.Launch.instanceId
      documentName: AWS-RunShellScript
      parameters:
        commands:
          - aws ec2 create-snapshot --volume-id vol-0123456789abcdef0 --query SnapshotId --output text
  - name: Register
    action: RegisterImage
    inputs:
      architecture: x86_64
      bootMode: uefi
      blockDeviceMapping:
        - DeviceName: /dev/sda1
          Ebs: {SnapshotId.$: '$.stepOutputs.CreateSnapshot.output[0]', VolumeSize: 100}
      includeSnapshotTags: true
outputs:
  - {name: ImageId, value: $.stepOutputs.Register.imageId}
"""

#: As Terraform's jsonencode and construct libraries write it.
ONE_STEP_AS_JSON = json.dumps(
    {"name": "example", "schemaVersion": 1, "steps": [{"name": "test-step", "action": "WaitForAction"}]}
)

SAMPLES = {
    "build with approval": ("BUILD", BUILD_WITH_APPROVAL),
    "test with a state machine": ("TEST", TEST_WITH_STATE_MACHINE),
    "gated distribution": ("DISTRIBUTION", GATED_DISTRIBUTION),
    "AMI from a snapshot": ("BUILD", AMI_FROM_A_SNAPSHOT),
    "one step as JSON": ("TEST", ONE_STEP_AS_JSON),
}
