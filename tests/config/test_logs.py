"""Log lines contain their task and symbol, as JSON or text, and no secrets."""

from __future__ import annotations

import io
import json
import logging
import logging.config

import pytest

from config import logs
from ingestion.tasks import ingest_chain

SECRET = "sentinel-5ecret"
PASSWORD = "sentinel-5ecret-and-more"


@pytest.fixture
def lines():
    """Lines that a logger writes under `form`; a function from the form to (logger, read)."""
    logger = logging.getLogger("warehouse.test_logs")

    def write(form: str):
        configured = logs.configuration(form, "INFO", "worker", [SECRET, PASSWORD, "short", ""])
        options = dict(configured["formatters"]["line"])
        stream = io.StringIO()
        handler = logging.StreamHandler(stream)
        handler.setFormatter(options.pop("()")(**options))
        logger.handlers, logger.propagate = [handler], False
        logger.setLevel("INFO")
        return logger, stream

    yield write
    logger.handlers, logger.propagate = [], True
    logs.end_task()


def test_every_line_of_a_task_names_it_and_its_symbol(lines):
    logger, stream = lines("json")
    logs.begin_task("id-1", ingest_chain, ("SPX",), {"slot": 1_794_993_300_000})
    logger.info("fetched %s pages", 3)
    logs.end_task()
    logger.warning("idle")
    first, second = (json.loads(line) for line in stream.getvalue().splitlines())
    assert first.pop("ts").endswith("Z")
    assert first == {
        "event": "fetched 3 pages",
        "level": "info",
        "logger": "warehouse.test_logs",
        "service": "worker",
        "task": "ingestion.tasks.ingest_chain",
        "task_id": "id-1",
        "symbol": "SPX",
        "slot": 1_794_993_300_000,
    }
    assert {"task", "task_id", "symbol"}.isdisjoint(second)


def test_lines_of_celerys_main_process_name_the_task(lines):
    logger, stream = lines("json")
    logger.info("received", extra={"data": {"id": "id-2", "name": "ingestion.tasks.ingest_due"}})
    line = json.loads(stream.getvalue())
    assert (line["task_id"], line["task"]) == ("id-2", "ingestion.tasks.ingest_due")


@pytest.mark.parametrize("form", ["json", "text"])
def test_secrets_are_removed_from_every_part_of_a_line(lines, form):
    logger, stream = lines(form)
    key = SECRET
    try:
        raise ValueError(f"https://example.test/?apiKey={key}")
    except ValueError:
        logger.exception("password %s of short", PASSWORD)
    written = stream.getvalue()
    assert "sentinel" not in written
    assert "password [secret] of short" in written
    assert "ValueError: https://example.test/?apiKey=[secret]" in written


def test_a_json_event_is_one_line(lines):
    logger, stream = lines("json")
    try:
        raise KeyError("two\nlines")
    except KeyError:
        logger.exception("first\nsecond")
    assert stream.getvalue().count("\n") == 1


def test_text_lines_contain_time_level_event_and_task(lines):
    logger, stream = lines("text")
    logs.begin_task("id-3", ingest_chain, ("SPY", 5), {})
    logger.warning("slow")
    (line,) = stream.getvalue().splitlines()
    assert "slow" in line
    assert "symbol=SPY" in line
    assert "\x1b" not in line


def test_an_unknown_log_format_is_rejected():
    with pytest.raises(ValueError, match="LOG_FORMAT must be json or text, not 'xml'"):
        logs.configuration("xml", "INFO", "web", [])


def test_the_settings_pass_every_secret_to_the_formatter(settings):
    secrets = settings.LOGGING["formatters"]["line"]["secrets"]
    password = settings.DATABASES["default"]["PASSWORD"]
    assert {settings.MASSIVE_API_KEY, settings.SECRET_KEY, settings.REDIS_URL, password} <= set(secrets)
