from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from pydantic import TypeAdapter
from schemathesis import GenerationMode
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import positive_data_acceptance

from echo_core.desk import Changed
from echo_core.messages import Command, Inbound, Receipt
from echo_web import models, spec_models
from echo_web.addresses import project_key
from echo_web.spec_files import STATUS
from tests.echo_web.conftest import Served
from tests.echo_web.recording import DECISION, KEY, QUESTION


async def test_it_is_as_described(served: Served, tmp_path: Path) -> None:
    """Requests made up from the description, good and bad, get answers that it describes, and none breaks anything.

    Many are about a plan and a project that are there, so that every operation does what it is for.
    """
    served.desk.put(offer=QUESTION, decisions=(DECISION,))
    with_a_project(served, tmp_path)
    schema = schemathesis.openapi.from_dict((await served.client.get("/api/openapi.json")).json())
    schema.config.generation.update(modes=[GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
    not_in_the_schema: list[Any] = [positive_data_acceptance]  # an empty message, a choice together with own words

    def check() -> set[str]:
        count, done, operations = 0, set[str](), set[str]()
        for result in schema.get_all_operations():
            assert isinstance(result, Ok)
            operation = result.ok()
            if operation.path.endswith("/events"):
                continue
            operations.add(operation.label)

            @settings(
                max_examples=10, deadline=None, database=None, phases=[Phase.generate],
                suppress_health_check=list(HealthCheck),
            )  # fmt: skip
            @given(case=operation.as_strategy())
            def run(case: schemathesis.Case[Any]) -> None:
                nonlocal count
                count += 1
                for name, value in (("key", str(KEY)), ("project_name", "todo")):
                    if name in case.path_parameters and count % 3:
                        case.path_parameters[name] = value
                response = case.call(base_url=served.url)
                assert response.status_code < 500, case.as_curl_command()
                if response.status_code < 300:
                    done.add(case.operation.label)
                if response.status_code != 429:
                    case.validate_response(response, excluded_checks=not_in_the_schema)

            run()
        return operations - done

    assert await asyncio.to_thread(check) <= {"POST /api/plans/{key}/answers", "POST /api/plans/{key}/messages"}


def with_a_project(served: Served, folder: Path) -> None:
    """Put a project there with a session; who leaves it finds another one soon."""
    status = folder / STATUS
    status.parent.mkdir()
    status.write_text('{"status": "complete", "feature_count": 24}')
    served.desk.folders["todo"] = folder
    key, loop = project_key("todo"), asyncio.get_running_loop()
    served.desk.put(key, slug="todo")
    served.desk.beginning = lambda _key: False

    def answer(inbound: Inbound) -> Receipt:
        if inbound.key == key and inbound.body == Command("exit"):
            served.desk.details.pop(key, None)
            served.desk.tell(Changed(key))
            loop.call_later(0.2, served.desk.put, key)
        return Receipt(accepted=True)

    served.core.answer = answer


async def test_every_body_has_an_example(served: Served) -> None:
    """Each body that is taken or given as JSON is described with examples, and they are what they describe."""
    schema = (await served.client.get("/api/openapi.json")).json()
    checked: set[str] = set()
    for path, operations in schema["paths"].items():
        for operation in operations.values():
            bodies = [operation.get("requestBody", {}).get("content", {})]
            bodies += [one.get("content", {}) for code, one in operation["responses"].items()]
            for kind, body in ((kind, body) for content in bodies for kind, body in content.items()):
                named = body["schema"].get("$ref", "").rpartition("/")[2]
                shown = schema["components"]["schemas"].get(named, {}).get("examples", [])
                assert shown or "example" in body, (path, kind, named)
                model = getattr(models, named, None) or getattr(spec_models, named, None)
                for example in shown:
                    assert model is not None, named
                    given = model.model_validate(example)
                    assert TypeAdapter(model).validate_python(given.model_dump()) == given
                    if not named.endswith("In"):
                        assert set(example) == set(model.model_fields), named
                    checked.add(named)
    assert len(checked) >= 8
