"""The committed contract is what the code offers; what the code answers is what the contract says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from backend.__main__ import contract
from backend.problems import Kind
from tests.backend.serving import Serving

COMMITTED = Path(__file__).parents[2] / "backend" / "openapi.json"
DOCUMENT = json.loads(COMMITTED.read_text("utf-8"))
CHECKS = (not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance)
schema = schemathesis.openapi.from_dict(DOCUMENT)


def test_the_committed_document_has_not_drifted() -> None:
    assert contract() == COMMITTED.read_text("utf-8"), "run: python -m backend openapi > backend/openapi.json"


def test_every_refusal_is_declared_somewhere_or_general() -> None:
    declared: set[str] = set()
    for path in DOCUMENT["paths"].values():
        for operation in path.values():
            for answer in operation["responses"].values():
                declared |= set(answer["description"].split(", "))
    general = {"not-found", "method-not-allowed", "internal"}
    assert {kind.word for kind in Kind} - declared == general


@pytest.mark.peer
@schema.parametrize()
@settings(
    max_examples=6,
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_answers_are_as_declared(case: Any, served: Serving) -> None:
    if isinstance(case.body, dict) and "booth" in case.body:
        case.body["booth"] = "B7"  # past the first gate, deeper in
    folder = served.run / "pki"
    own = (str(folder / "booth.pem"), str(folder / "booth.key"))
    answer = case.call(base_url=served.url, verify=str(folder / "ca.pem"), cert=own)
    case.validate_response(answer, checks=CHECKS)
