"""Reads docker-compose.yml as Compose does: merges, variables, defaults."""

import re
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
VARIABLE = re.compile(r"\$(?:(?P<escaped>\$)|\{(?P<name>\w+)(?:(?P<kind>:?[-?])(?P<word>[^}]*))?\})")
SECRETS = ("ARTEL_JWT_SECRET", "POSTGRES_PASSWORD", "RABBITMQ_PASSWORD", "RABBITMQ_OPERATOR_PASSWORD", "GRAFANA_PASSWORD")


def text():
    return (ROOT / "docker-compose.yml").read_text()


def variables():
    """Name -> (kind, word) of every ${...} in the file."""
    found = VARIABLE.finditer(text())
    return {match["name"]: (match["kind"], match["word"]) for match in found if match["name"]}


def resolve(values):
    """The file with its variables filled in from `values`."""

    def fill(match):
        if match["escaped"]:
            return "$"
        value, kind = values.get(match["name"], ""), match["kind"] or ""
        if value or not kind:
            return value
        if "?" in kind:
            raise KeyError(f"{match['name']}: {match['word']}")
        return match["word"]

    def walk(node):
        if isinstance(node, str):
            return VARIABLE.sub(fill, node)
        if isinstance(node, list):
            return [walk(item) for item in node]
        if isinstance(node, dict):
            return {key: walk(value) for key, value in node.items()}
        return node

    return walk(yaml.safe_load(text()))


def environment(service, values):
    """What Compose gives to a service: a key without a value is there only where `values` has it."""
    settings = service.get("environment") or {}
    known = {key: values.get(key) if value is None else str(value) for key, value in settings.items()}
    return {key: value for key, value in known.items() if value is not None}
