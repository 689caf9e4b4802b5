"""The interface as a page for people, made from its OpenAPI description: no script, nothing from another host."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

Schema = Mapping[str, Any]


def page(api: Schema) -> str:
    """The page, in HTML. api: what /openapi.json holds."""
    body = "\n".join(part for path, methods in api["paths"].items() for part in _path(api, path, methods))
    title = escape(f"{api['info']['title']} {api['info']['version']}")
    return f"""<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark">
<title>{title}: HTTP interface</title>
<h1>{title}</h1>
<p>{escape(api["info"]["description"])} The same as a description for programs: <a href="openapi.json">openapi.json</a>.</p>
<p>Errors are JSON with one sentence: <code>{{"detail": "..."}}</code>.</p>
{body}
</html>
"""


def _path(api: Schema, path: str, methods: Schema) -> Iterator[str]:
    for method, what in methods.items():
        yield f"<h2><code>{method.upper()} {escape(path)}</code></h2>"
        yield f"<p>{escape(what.get('description', ''))}</p>"
        rows: list[tuple[str, str, bool, Schema]] = [
            (p["in"], p["name"], p.get("required", False), {**p["schema"], **p}) for p in what.get("parameters", ())
        ]
        for kind, content in what.get("requestBody", {}).get("content", {}).items():
            form = _resolved(api, content["schema"])
            required = form.get("required", ())
            rows += [(kind, name, name in required, _resolved(api, field)) for name, field in form.get("properties", {}).items()]
        if rows:
            yield "<table><tr><th>in</th><th>name</th><th></th><th></th></tr>"
            for place, name, required, field in rows:
                cells = (place, name, "required" if required else "optional", _said(api, field))
                yield "<tr>" + "".join(f"<td>{escape(str(cell))}</td>" for cell in cells) + "</tr>"
            yield "</table>"
        yield "<ul>"
        for status, answer in what["responses"].items():
            kinds = ", ".join(answer.get("content", {}))
            yield f"<li>{status}: {escape(answer['description'])} {escape(kinds)}</li>"
        yield "</ul>"


def _resolved(api: Schema, schema: Schema) -> Schema:
    """A schema, or the one that it refers to."""
    if "$ref" not in schema:
        return schema
    found: Any = api
    for key in schema["$ref"].removeprefix("#/").split("/"):
        found = found[key]
    return {**found, **{key: value for key, value in schema.items() if key != "$ref"}}


def _said(api: Schema, field: Schema) -> str:
    kinds = [_resolved(api, kind).get("type", "") for kind in field.get("anyOf", [field])]
    default = f", {field['default']!r} unless given" if field.get("default") is not None else ""
    text = " or ".join(kind for kind in kinds if kind) + default
    return f"{text}: {field['description']}" if "description" in field else text
