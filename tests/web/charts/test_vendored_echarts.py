"""The chart library in the repository is the published one, unchanged, with its licences."""

from __future__ import annotations

import hashlib
import json

from tests.test_architecture import ROOT

FOLDER = ROOT / "web" / "static" / "web" / "vendor" / "echarts"


def test_the_library_has_the_published_hash_and_version():
    stated = json.loads((FOLDER / "version.json").read_text(encoding="utf-8"))
    content = (FOLDER / "echarts.min.js").read_bytes()
    assert stated == {
        "package": "echarts",
        "version": "6.1.0",
        "file": "dist/echarts.min.js",
        "sha256": "b66b25aeb4df84e33199dc21694014d336d222cbd9deb0e5a7c14bd6aa0d0fd0",
        "source": "npm pack echarts@6.1.0",
    }
    assert hashlib.sha256(content).hexdigest() == stated["sha256"]
    assert b'"6.1.0"' in content


def test_its_licences_are_beside_it():
    assert "Apache License" in (FOLDER / "LICENSE").read_text(encoding="utf-8")
    assert "Apache ECharts" in (FOLDER / "NOTICE").read_text(encoding="utf-8")
    assert "Mike Bostock" in (FOLDER / "LICENSE-d3").read_text(encoding="utf-8")
