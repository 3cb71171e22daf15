"""The inputs of the action modules in component documents."""

from __future__ import annotations

import pytest

from mock_imagebuilder.imagebuilder.documents.component import (
    parse_component_document,
)

from .component_texts import RUN_FAILED, a_step, refusal_of, with_steps


class TestInputs:
    @pytest.mark.parametrize(
        ("action", "platform", "inputs"),
        [
            ("Reboot", "Linux", ...),
            ("Reboot", "Linux", {}),
            ("Reboot", "Linux", {"delaySeconds": 0}),
            ("Reboot", "Linux", {"delaySeconds": "60"}),
            ("Reboot", "Linux", {"delaySeconds": "{{ loop.value }}"}),
            ("UpdateOS", "Windows", None),
            ("UpdateOS", "Windows", {"include": ["KB1234567", "*Security*"], "exclude": []}),
            ("ExecuteBash", "macOS", {"commands": ["true", 5, True, 1.5]}),
            ("ExecuteBinary", "Windows", {"path": "C:\\a.exe", "arguments": None}),
            ("ExecutePowerShell", "Windows", {"file": "C:\\run.PS1"}),
            ("ExecutePowerShell", "Windows", {"file": "{{ build.Run.inputs.x }}"}),
            ("CreateFile", "Windows", [{"path": "a", "permissions": 511, "owner": "me"}]),
            ("CreateFile", "Linux", [{"path": "a", "content": None, "encoding": "UTF-32-be"}]),
            ("WebDownload", "Linux", [{"source": "{{ build.Run.outputs.u }}", "destination": "/tmp/"}]),
            ("WebDownload", "Linux", [{"source": "HTTPS://a/b", "destination": "b", "overwrite": "{{ loop.value }}"}]),
            ("S3Upload", "Linux", [{"source": "/a", "destination": "s3://b/c", "recurse": "True"}]),
            ("SetRegistry", "Windows", [{"path": "hkcu:\\a", "name": "n", "value": [1, 2], "type": "BINARY"}]),
            ("Assert", "Linux", {"not": [{"fileExists": "/a"}]}),
        ],
    )
    def test_accepted(self, action: str, platform: str, inputs: object) -> None:
        parse_component_document(with_steps(a_step(action, inputs)), platform)

    @pytest.mark.parametrize("inputs", [..., None, [], {}])
    @pytest.mark.parametrize("action", ["S3Download", "ExecuteBash", "Assert", "ExecuteDocument", "DeleteFile"])
    def test_missing_where_something_is_required(self, action: str, inputs: object) -> None:
        text = with_steps(a_step(action, inputs, name="Download"))

        assert refusal_of(text) == (
            f"Parsing step 'Download' in phase 'build' failed. Error: Action {action} has no inputs; "
            "it requires an 'inputs'"
        )

    @pytest.mark.parametrize(
        ("action", "inputs", "sentence"),
        [
            ("ExecutePowerShell", {}, "Action ExecutePowerShell has no inputs; it requires an 'inputs'"),
            ("DeleteFile", {"path": "a"}, "The 'inputs' of action DeleteFile must be a list of maps."),
            ("DeleteFile", ["a"], "The 'inputs' of action DeleteFile must be a list of maps."),
            ("DeleteFile", "a", "The 'inputs' of action DeleteFile must be a list of maps."),
            ("Reboot", [{"delaySeconds": 5}], "The 'inputs' of action Reboot must be a map."),
            ("Reboot", False, "The 'inputs' of action Reboot must be a map."),
            ("Assert", [{"fileExists": "a"}], "The 'inputs' of action Assert must be a map."),
            ("DeleteFile", [{}], "Action DeleteFile requires the input 'path'."),
            ("DeleteFile", [{"path": None}], "Action DeleteFile requires the input 'path'."),
            ("S3Download", [{"source": "s3://a/b"}], "Action S3Download requires the input 'destination'."),
            ("S3Download", [{"source": "s3://a/b", "destination": "c"}, {"destination": "c"}],
             "Action S3Download requires the input 'source'."),
            ("DeleteFile", [{"path": "a", "force": True}], "Action DeleteFile does not support the input 'force'."),
            ("DeleteFile", [{"path": "a", "force": None}], "Action DeleteFile does not support the input 'force'."),
            ("ExecuteBinary", {"commands": {"path": "a"}}, "Action ExecuteBinary does not support the input 'commands'."),
            ("DeleteFile", [{"path": ["a"]}], "The input 'path' of action DeleteFile must be text."),
            ("DeleteFolder", [{"path": "a", "force": "yes"}],
             "The input 'force' of action DeleteFolder must be true or false."),
            ("Reboot", {"delaySeconds": -1},
             "The input 'delaySeconds' of action Reboot must be a whole number of at least 0."),
            ("Reboot", {"delaySeconds": True},
             "The input 'delaySeconds' of action Reboot must be a whole number of at least 0."),
            ("Reboot", {"delaySeconds": "soon"},
             "The input 'delaySeconds' of action Reboot must be a whole number of at least 0."),
            ("UpdateOS", {"include": "KB1"}, "The input 'include' of action UpdateOS must be a list of texts."),
            ("ExecutePowerShell", {"commands": []},
             "The input 'commands' of action ExecutePowerShell must be a list of at least one text."),
            ("ExecutePowerShell", {"commands": "dir"},
             "The input 'commands' of action ExecutePowerShell must be a list of at least one text."),
            ("ExecutePowerShell", {"commands": [{"Write-Host a": "b"}]},
             "The input 'commands' of action ExecutePowerShell must be a list of at least one text."),
            ("ExecutePowerShell", {"commands": ["dir"], "file": "a.ps1"},
             "Action ExecutePowerShell requires exactly one of 'commands' and 'file'."),
            ("ExecutePowerShell", {"commands": None},
             "Action ExecutePowerShell requires exactly one of 'commands' and 'file'."),
            ("ExecutePowerShell", {"file": "a.bat"},
             "The input 'file' of action ExecutePowerShell must be text that ends with .ps1."),
            ("ExecuteDocument", {"document": "a", "parameters": [{"name": "a"}]},
             "The input 'parameters' of action ExecuteDocument must be a list of maps with 'name' and 'value'."),
            ("InstallMSI", {"path": "a.msi", "properties": {"A": ["b"]}},
             "The input 'properties' of action InstallMSI must be a map of texts."),
            ("InstallMSI", {"path": "a.msi", "reboot": "Maybe"},
             "The input 'reboot' of action InstallMSI must be one of Allow, Force, Skip."),
            ("S3Download", [{"source": "https://a/b", "destination": "c"}],
             "The input 'source' of action S3Download must be text that starts with one of s3://."),
            ("S3Upload", [{"source": "c", "destination": "/tmp"}],
             "The input 'destination' of action S3Upload must be text that starts with one of s3://."),
            ("WebDownload", [{"source": "ftp://a/b", "destination": "c"}],
             "The input 'source' of action WebDownload must be text that starts with one of http://, https://."),
            ("WebDownload", [{"source": "https://a/b", "destination": "c", "checksum": "d"}],
             "Action WebDownload requires 'checksum' and 'algorithm' together or not at all."),
            ("WebDownload", [{"source": "https://a/b", "destination": "c", "checksum": "d", "algorithm": "CRC"}],
             "The input 'algorithm' of action WebDownload must be one of MD5, SHA1, SHA256, SHA512."),
            ("ReadFile", [{"path": "a", "encoding": "latin-1"}],
             "The input 'encoding' of action ReadFile must be one of utf8, utf-8, utf16, utf-16, utf16-LE, utf-16-LE, "
             "utf16-BE, utf-16-BE, utf32, utf-32, utf32-LE, utf-32-LE, utf32-BE, utf-32-BE."),
            ("SetRegistry", [{"path": "HKXX:\\a", "name": "n", "value": "v", "type": "SZ"}],
             "The input 'path' of action SetRegistry must be text that starts with one of HKEY_CLASSES_ROOT, HKCR:, "
             "HKEY_USERS, HKU:, HKEY_LOCAL_MACHINE, HKLM:, HKEY_CURRENT_CONFIG, HKCC:, HKEY_CURRENT_USER, HKCU:."),
            ("SetRegistry", [{"path": "HKLM:\\a", "name": "n", "value": {}, "type": "SZ"}],
             "The input 'value' of action SetRegistry must be text, a number or a list."),
            ("SetRegistry", [{"path": "HKLM:\\a", "name": "n", "value": "v", "type": "STRING"}],
             "The input 'type' of action SetRegistry must be one of BINARY, DWORD, QWORD, SZ, EXPAND_SZ, MULTI_SZ."),
            ("SetRegistry", [{"path": 5, "name": "n", "value": "v", "type": "SZ"}],
             "The input 'path' of action SetRegistry must be text that starts with one of HKEY_CLASSES_ROOT, HKCR:, "
             "HKEY_USERS, HKU:, HKEY_LOCAL_MACHINE, HKLM:, HKEY_CURRENT_CONFIG, HKCC:, HKEY_CURRENT_USER, HKCU:."),
        ],
    )  # fmt: skip
    def test_refused(self, action: str, inputs: object, sentence: str) -> None:
        assert refusal_of(with_steps(a_step(action, inputs)), "Windows") == RUN_FAILED + sentence
