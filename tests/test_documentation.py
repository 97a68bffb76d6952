"""Links, make targets, commands, functions and layers named in the documentation exist; its examples run."""

from __future__ import annotations

import re
import subprocess
import tomllib
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import pytest
from django.core.management import get_commands
from django.db import connection

from tests.roles import as_role
from warehouse.watchlist import add_default_symbols

ROOT = Path(__file__).resolve().parent.parent
GENERATED = {"docs/schema.md"}  # its table rows are as long as the column comments
FOREIGN = "tests/data/"  # pages that name the sources of recorded data
PAGES = sorted(
    name
    for name in subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.md"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout.split()
    if (ROOT / name).exists()
)
EVERY_PAGE = pytest.mark.parametrize("name", PAGES)
FENCE = re.compile(r"^```(\w*)\n(.*?)^```", flags=re.MULTILINE | re.DOTALL)


def text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def blocks(name: str, language: str) -> list[str]:
    return [body for kind, body in FENCE.findall(text(name)) if kind == language]


def code(name: str) -> str:
    """Return the code of a page: fenced blocks and words in backticks."""
    page = text(name)
    inline = re.findall(r"`([^`\n]+)`", FENCE.sub("", page))
    return "\n".join([body for _, body in FENCE.findall(page)] + inline)


def anchors(path: Path) -> set[str]:
    """Return the anchors that GitHub generates for the headings of a page."""
    headings = re.findall(r"^#+ (.+)$", FENCE.sub("", path.read_text(encoding="utf-8")), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def broken_links(page: Path) -> list[str]:
    found = re.findall(r"\]\(([^)\s]+)\)", FENCE.sub("", page.read_text(encoding="utf-8")))
    broken = []
    for link in found:
        if re.match(r"[a-z]+:", link):
            continue
        file, _, anchor = link.partition("#")
        target = (page.parent / file) if file else page
        if not target.exists() or (anchor and anchor not in anchors(target)):
            broken.append(link)
    return broken


def exists(dotted: str) -> bool:
    """Return whether `package.module.Class.method` can be imported and looked up."""
    parts = dotted.split(".")
    for length in range(len(parts), 0, -1):
        try:
            found = find_spec(".".join(parts[:length]))
        except ModuleNotFoundError:
            continue
        if found is not None:
            break
    else:
        return False
    value = import_module(".".join(parts[:length]))
    for name in parts[length:]:
        if not hasattr(value, name):
            return False
        value = getattr(value, name)
    return True


def import_contracts() -> dict:
    return tomllib.loads(text("pyproject.toml"))["tool"]["importlinter"]


def test_the_readme_has_at_most_80_lines():
    assert len(text("README.md").splitlines()) <= 80


@pytest.mark.parametrize("name", [name for name in PAGES if not name.startswith(FOREIGN)])
def test_lines_are_at_most_120_columns(name):
    lines = text(name).splitlines()
    if name in GENERATED:
        lines = [line for line in lines if not line.startswith(("| ", "- Retention: "))]
    assert [line for line in lines if len(line) > 120] == []


@EVERY_PAGE
def test_targets_of_relative_links_exist(name):
    assert broken_links(ROOT / name) == []


def test_a_missing_file_and_a_missing_heading_are_broken_links(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("# One heading\n[a](#one-heading) [b](#other) [c](none.md) [d](page.md#one-heading)\n")
    assert broken_links(page) == ["#other", "none.md"]


@EVERY_PAGE
def test_make_targets_exist(name):
    targets = set(re.findall(r"^([a-z]+):", text("Makefile"), flags=re.MULTILINE))
    assert set(re.findall(r"\bmake ([a-z]+)\b", code(name))) <= targets


@EVERY_PAGE
def test_management_commands_exist(name):
    assert set(re.findall(r"manage\.py ([a-z_]+)", code(name))) <= set(get_commands())


def dotted_names(name: str) -> list[str]:
    """Return the modules and functions of the project that a page names in backticks, without arguments."""
    packages = "|".join(import_contracts()["root_packages"])
    return re.findall(rf"`((?:{packages})(?:\.\w+)+)(?:\(.*?\))?`", text(name))


@EVERY_PAGE
def test_modules_and_functions_exist(name):
    assert [dotted for dotted in dotted_names(name) if not exists(dotted)] == []


def test_the_architecture_page_names_more_than_100_functions():
    assert len(dotted_names("docs/architecture.md")) > 100


def test_missing_functions_and_modules_are_detected():
    assert exists("quant.sessions.close_of")
    assert not exists("quant.sessions.no_such_function")
    assert not exists("quant.no_such_module.close_of")


def test_the_architecture_page_shows_the_enforced_layers():
    (contract,) = [one for one in import_contracts()["contracts"] if one["type"] == "layers"]
    assert [block.split("\n")[:-1] for block in blocks("docs/architecture.md", "layers")] == [
        contract["layers"]
    ]


@pytest.mark.django_db
@pytest.mark.parametrize("block", blocks("docs/access.md", "sql") if "docs/access.md" in PAGES else [])
def test_sql_examples_run_with_the_reader_role(block):
    add_default_symbols(["SPX"])
    with as_role("warehouse_reader"), connection.cursor() as cursor:
        for statement in filter(str.strip, block.split(";")):
            cursor.execute(statement)
            assert cursor.description is not None


@pytest.mark.django_db
@pytest.mark.parametrize("block", blocks("docs/access.md", "python") if "docs/access.md" in PAGES else [])
def test_python_examples_run(block):
    exec(compile(block, "docs/access.md", "exec"), {"__name__": "example"})  # noqa: S102
