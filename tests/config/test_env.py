"""Readers of environment variables: typed, and invalid values end the process with one sentence."""

from __future__ import annotations

import pytest

from config import env


@pytest.fixture(autouse=True)
def forget_the_variables_read_here(monkeypatch):
    monkeypatch.setattr(env, "_read", set())


def test_a_secret_may_come_from_a_file(monkeypatch, tmp_path):
    path = tmp_path / "key"
    path.write_text("  s3cret\n")
    monkeypatch.setenv("SOME_KEY_FILE", str(path))
    assert env.secret("SOME_KEY") == "s3cret"


def test_a_secret_file_that_is_missing_is_named(monkeypatch):
    monkeypatch.setenv("SOME_KEY_FILE", "/nowhere/key")
    with pytest.raises(SystemExit, match="SOME_KEY_FILE names /nowhere/key, which cannot be read"):
        env.secret("SOME_KEY")


@pytest.mark.parametrize(
    ("reader", "value", "sentence"),
    [
        (lambda: env.integer("SOME", 1), "five", "SOME must be a whole number, not 'five'"),
        (lambda: env.number("SOME", 1.0), "fast", "SOME must be a number, not 'fast'"),
        (lambda: env.flag("SOME", True), "yes", "SOME must be true or false, not 'yes'"),
    ],
    ids=["integer", "number", "flag"],
)
def test_an_invalid_value_is_rejected_with_one_sentence(monkeypatch, reader, value, sentence):
    monkeypatch.setenv("SOME", value)
    with pytest.raises(SystemExit, match=sentence):
        reader()


def test_an_empty_variable_means_the_default(monkeypatch):
    monkeypatch.setenv("SOME", "")
    assert env.integer("SOME", 7) == 7


def test_a_database_url_may_hold_escaped_characters():
    assert env.database("postgresql://owner:p%40ss@db.example:6543/ware%20house") == {
        "NAME": "ware house",
        "USER": "owner",
        "PASSWORD": "p@ss",
        "HOST": "db.example",
        "PORT": 6543,
    }


def test_a_database_url_of_another_kind_is_rejected():
    with pytest.raises(SystemExit, match="DATABASE_URL must look like postgresql://"):
        env.database("mysql://owner@db/warehouse")
