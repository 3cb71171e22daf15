"""Component documents as people write them, each with the platform and the type that Image Builder gives it."""

from __future__ import annotations

import json

INSTALL_NGINX = """\
name: InstallNginx
description: Installs nginx and checks that it answers.
schemaVersion: 1.0

phases:
  - name: build
    steps:
      - name: Install
        action: ExecuteBash
        timeoutSeconds: 600
        onFailure: Abort
        maxAttempts: 3
        inputs:
          commands:
            - sudo dnf install -y nginx
            - |
              set -euo pipefail
              cat > /usr/share/nginx/html/index.html <<'HTML'
              <h1>built: {{ build.Version.outputs.stdout }}</h1>
              HTML
      - name: Version
        action: ExecuteBash
        inputs:
          commands: ["date +%Y-%m-%d"]
  - name: validate
    steps:
      - name: ConfigIsValid
        action: ExecuteBash
        inputs:
          commands:
            - sudo nginx -t
  - name: test
    steps:
      - name: Answers
        action: ExecuteBash
        maxAttempts: 5
        inputs:
          commands:
            - curl --fail --silent http://127.0.0.1/
"""

WINDOWS_TOOLS = """\
name: 'Windows tools'
description: 'Updates Windows, installs the CLI and prepares the registry.'
schemaVersion: 1.0
constants:
  - WorkFolder:
      type: string
      value: 'C:\\BuildTools'
  - ExitCode:
      type: string
      value: 1
phases:
  -
    name: build
    steps:
      -
        name: create_folder
        action: CreateFolder
        inputs:
          - path: '{{ WorkFolder }}'
            overwrite: false
      -
        name: download_cli
        action: WebDownload
        inputs:
          -
            source: https://awscli.amazonaws.com/AWSCLIV2.msi
            destination: '{{ WorkFolder }}\\cli.msi'
            checksum: ac68bbf921d953d1cfab916cb6120864
            algorithm: MD5
      - name: install_cli
        action: InstallMSI
        inputs:
          path: '{{build.download_cli.inputs[0].destination}}'
          reboot: Skip
          logOptions: '*VX'
          properties: {COMPANYNAME: '"Example Corp"', ALLUSERS: 1}
          allowUnsignedInstaller: true
      - name: configure
        action: ExecutePowerShell
        timeoutSeconds: -1
        inputs:
          commands:
            - $ErrorActionPreference = 'Stop'
            - |
              Try { New-Item -Path '{{ WorkFolder }}' -Name done.txt }
              Catch { Exit {{ ExitCode }} }
      - name: registry
        action: SetRegistry
        inputs:
          - path: HKLM:\\SOFTWARE\\Example
            name: Version
            value: 1.1
            type: DWORD
          - {path: 'HKEY_CURRENT_USER\\Software\\Example', name: Names, value: [a, b], type: MULTI_SZ}
      - name: updates
        action: UpdateOS
      - name: restart
        action: Reboot
        inputs:
          delaySeconds: 60
  - name: validate
    steps:
      - name: run_checks
        action: ExecutePowerShell
        inputs:
          file: 'C:\\BuildTools\\Checks.ps1'
"""

DOWNLOAD_FROM_S3 = """\
schemaVersion: 1.0
phases:
  - name: build
    steps:
      - name: Download
        action: S3Download
        inputs:
          - source: s3://example-artifacts/releases/*
            destination: /opt/example/
            expectedBucketOwner: 123456789012
            overwrite: true
          - source: 's3://example-artifacts/install.sh'
            destination: '/tmp/install.sh'
      - name: Run
        action: ExecuteBinary
        onFailure: Continue
        inputs:
          path: '{{ build.Download.inputs[1].destination }}'
          arguments:
            - '--quiet'
            - 3
      - name: Upload
        action: S3Upload
        onFailure: Ignore
        inputs:
          - source: /var/log/example/*
            destination: s3://example-logs/build/
            recurse: true
      - name: Delete
        action: DeleteFile
        inputs:
          - path: '{{ build.Download.inputs[1].destination }}'
"""

FILES_AND_OWNERS = """\
name: FilesAndOwners
schemaVersion: 1.0
phases:
  - name: build
    steps:
      - name: Files
        action: CreateFile
        inputs:
          - path: /etc/example/client.rb
            content: |
              cookbook_path ['/etc/example/cookbooks']
            overwrite: true
          - path: /etc/example/key
            owner: root
            group: root
            permissions: 0600
            encoding: UTF-16
      - {name: Link, action: CreateSymlink, inputs: [{path: /etc/link, target: /etc/example/key, force: true}]}
      - {name: Append, action: AppendFile, inputs: [{path: /etc/motd, content: "hello\\n"}]}
      - {name: Owner, action: SetFolderOwner, inputs: [{path: /etc/example, owner: app, recursive: false}]}
      - {name: Mode, action: SetFolderPermissions, inputs: [{path: /etc/example/, permissions: 755}]}
      - {name: Read, action: ReadFile, inputs: [{path: /etc/motd, printFileContent: true}]}
      - {name: Show, action: ExecuteBash, inputs: {commands: ["echo '{{ build.Read.outputs.content }}'"]}}
  - name: validate
    steps:
      - name: Equal
        action: Assert
        inputs:
          stringEquals: hello
          value: '{{ build.Read.outputs.content }}'
"""

LOOPS = """\
name: Loops
schemaVersion: "1.0"
parameters:
  - Hosts:
      type: string
      default: 127.0.0.1,example.com
      description: A comma separated list of hosts to ping.
phases:
  - name: build
    steps:
      - name: Scripts
        action: ExecuteBash
        loop:
          name: ScriptLoop
          forEach:
            - /tmp/script1.sh
            - "{{ Hosts }}"
        inputs:
          commands:
            - echo "Count {{ ScriptLoop.index }}"
            - sh "{{ loop.value }}"
      - name: Range
        action: ExecuteBash
        loop:
          for:
            start: 100
            end: 10
            updateBy: -10
        inputs:
          commands:
            - fallocate -l {{ loop.value }}M /tmp/test{{ loop.index }}
      - name: Nested
        action: ExecuteDocument
        loop:
          name: documents
          forEach:
            - arn:aws:imagebuilder:us-east-1:123456789012:component/one/1.0.2/1
            - s3://example-documents/two.yaml
        inputs:
          document: "{{ documents.value }}"
          phases: build,validate
          parameters:
            - name: Mode
              value: fast
  - name: test
    steps:
      - name: Ping
        action: ExecuteBash
        loop:
          forEach:
            list: '{{ Hosts }}'
            delimiter: ','
        inputs:
          commands:
            - ping -c 4 {{ loop.value }}
"""

CONDITIONS = """\
schemaVersion: 1.0
parameters:
  - Edition:
      type: string
      default: community
      allowedValues: [community, enterprise]
  - Port:
      type: string
      default: 08080
phases:
  - name: build
    steps:
      - name: InstallUnzipApt
        action: ExecuteBash
        if:
          and:
            - binaryExists: apt-get
            - not:
                binaryExists: unzip
        inputs:
          commands:
            - sudo apt-get install -y unzip
      - name: Enterprise
        action: ExecuteBash
        if:
          stringEquals: enterprise
          value: '{{ Edition }}'
          then: Execute
          else: Skip
        inputs:
          commands:
            - echo port {{ Port }}
            - docker ps --format '{{ .Names }}'
      - name: Checksum
        action: ExecuteBash
        if:
          or:
            - fileSHA256Equals: e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855
              path: /tmp/empty
            - numberGreaterThanEquals: '2'
              value: '{{ build.Enterprise.outputs.stdout }}'
        inputs:
          commands:
            - 'true'
"""

TEST_ONLY = """\
name: Smoke test
schemaVersion: 1.0
phases:
  - name: test
    steps:
      - name: HelloWorldStep
        action: ExecuteBash
        inputs:
          commands:
            - echo "Hello World! Test."
"""

MACOS_BINARY = """\
name: macOSBin
description: Downloads and runs a binary.
schemaVersion: 1.0
phases:
  - name: build
    steps:
      - name: Download
        action: S3Download
        inputs:
          - source: s3://example-artifacts/myapplication
            destination: /tmp/myapplication
      - name: Enable
        action: ExecuteBash
        onFailure: Continue
        inputs:
          commands:
            - 'chmod u+x {{ build.Download.inputs[0].destination }}'
      - name: Restart
        action: Reboot
  - name: container-host-test
    steps:
      - name: Host
        action: ExecuteBash
        inputs: {commands: [uname -a]}
"""

ANCHORS = """\
schemaVersion: 1.0
phases:
  - name: build
    steps: &steps
      - name: Uptime
        action: ExecuteBash
        inputs: {commands: [uptime]}
  - name: validate
    steps: *steps
"""

# As Terraform's yamlencode writes it: everything quoted, and the number 1.0 shortened.
TERRAFORM = """\
"phases":
- "name": "build"
  "steps":
  - "action": "ExecuteBash"
    "inputs":
      "commands":
      - "echo 'hello world'"
    "name": "example"
    "onFailure": "Continue"
"schemaVersion": 1
"""

# As a program writes it.
JSON_FORM = json.dumps(
    {
        "name": "RequiredPackages",
        "schemaVersion": "1.0",
        "phases": [
            {
                "name": "build",
                "steps": [
                    {"name": "Run", "action": "ExecuteBash", "inputs": {"commands": ["set -ex", "apt-get update"]}},
                    {"name": "Reboot", "action": "Reboot", "inputs": {}},
                ],
            }
        ],
    },
    indent=2,
)

SAMPLES = {
    "install nginx": ("Linux", "BUILD", INSTALL_NGINX),
    "windows tools": ("Windows", "BUILD", WINDOWS_TOOLS),
    "download from S3": ("Linux", "BUILD", DOWNLOAD_FROM_S3),
    "files and owners": ("Linux", "BUILD", FILES_AND_OWNERS),
    "loops": ("Linux", "BUILD", LOOPS),
    "conditions": ("Linux", "BUILD", CONDITIONS),
    "test only": ("Linux", "TEST", TEST_ONLY),
    "macOS binary": ("macOS", "BUILD", MACOS_BINARY),
    "anchors": ("Linux", "BUILD", ANCHORS),
    "terraform": ("Linux", "BUILD", TERRAFORM),
    "json": ("Linux", "BUILD", JSON_FORM),
}
