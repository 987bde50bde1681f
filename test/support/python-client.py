"""Calls every operation by a client that openapi-python-client has made, with the examples of the document.

Usage: python-client.py DOCUMENT PACKAGE_FOLDER URL. Prints, as JSON, each operation that was called, with the type of what it gave.
"""

import importlib
import inspect
import json
import pkgutil
import sys
import typing

document_path, folder, url = sys.argv[1:]
sys.path.insert(0, folder)

with open(document_path, encoding="utf-8") as file:
    document = json.load(file)

from tranche_client import Client, api  # noqa: E402
from tranche_client.types import Unset  # noqa: E402


def example_of(schema):
    if "$ref" in schema:
        return document["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]]["examples"][0]
    return schema["example"]


def model_of(annotation, value):
    """The value as what the client takes: a model, a list of models, or as it is."""
    if typing.get_origin(annotation) is list:
        (item,) = typing.get_args(annotation)
        return [model_of(item, one) for one in value]
    if hasattr(annotation, "from_dict"):
        return annotation.from_dict(value)
    return value


def modules():
    for tag in pkgutil.iter_modules(api.__path__, api.__name__ + "."):
        for module in pkgutil.iter_modules(importlib.import_module(tag.name).__path__, tag.name + "."):
            yield importlib.import_module(module.name)


def call(module, body):
    hints = typing.get_type_hints(module.sync_detailed)
    arguments = {}
    for name, parameter in inspect.signature(module.sync_detailed).parameters.items():
        if name == "client":
            arguments[name] = Client(base_url=url, raise_on_unexpected_status=True)
        elif name == "body":
            # A body that may be absent is a union with Unset.
            choices = [one for one in typing.get_args(hints[name]) if one is not Unset]
            is_union = Unset in typing.get_args(hints[name])
            arguments[name] = model_of(choices[0] if is_union else hints[name], body)
        elif parameter.default is inspect.Parameter.empty:
            arguments[name] = 7 if hints[name] is int else "2026-W47"
    return module.sync_detailed(**arguments)


found = {module.__name__.rsplit(".", 1)[1].replace("_", ""): module for module in modules()}
called = {}
for item in document["paths"].values():
    for operation in item.values():
        content = operation.get("requestBody", {}).get("content", {}).get("application/json")
        body = None if content is None else example_of(content["schema"])
        answer = call(found[operation["operationId"].lower()], body)
        called[operation["operationId"]] = type(answer.parsed).__name__
print(json.dumps(called))
