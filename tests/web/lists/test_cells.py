"""Texts of the columns of lists and rows: exact, New York, with units, choices as badges, flags as words."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest

from warehouse import models
from web.lists.cells import heading, is_number, text
from web.lists.json_tables import json_table, json_text

AT = 1_694_717_240_000  # Thursday 14 September 2023, 14:47:20 in New York


def field(model: str, name: str):
    return getattr(models, model)._meta.get_field(name)


@pytest.mark.parametrize(
    ("model", "name", "value", "short", "full"),
    [
        ("OptionsFlow", "timestamp", AT, "Thu 14 Sep 2023 14:47:20", "Thu 14 Sep 2023 14:47:20"),
        ("OptionsFlow", "premium", Decimal("18765432.50"), "$18.8 M", "$18,765,432.50"),
        ("OptionsFlow", "premium", Decimal("214280"), "$214 k", "$214,280"),
        ("OptionsFlow", "premium", None, "–", "–"),
        ("OptionsFlow", "price", Decimal("0.05"), "0.05", "0.05"),
        ("OptionsFlow", "underlying_price", Decimal("6451.1234"), "6,451.12", "6,451.1234"),
        ("OptionsFlow", "strike", Decimal("4510.000"), "4,510", "4,510"),
        ("OptionsFlow", "strike", Decimal("177.5"), "177.50", "177.50"),
        ("OptionsFlow", "size", 1252, "1,252", "1,252"),
        ("OptionsFlow", "sequence_number", 1234567, "1234567", "1234567"),
        ("OptionsFlow", "expiration", dt.date(2023, 12, 29), "Fri 29 Dec 2023", "Fri 29 Dec 2023"),
        ("OptionsFlow", "is_cancel", False, "no", "no"),
        ("OptionsFlow", "is_unusual_volume", True, "yes", "yes"),
        ("OptionsFlow", "option_type", "call", "Call", "Call"),
        ("OptionsFlow", "side", None, "–", "–"),
        ("OptionsFlow", "quote_age_ms", 31_600, "31.6 s", "31.6 s"),
        ("OptionsFlow", "conditions", ["209", "ISOI"], "209, ISOI", "209, ISOI"),
        ("HistoricalGreeks", "implied_volatility", 0.10532, "10.5 %", "10.53 %"),
        ("HistoricalGreeks", "delta", 0.7812, "+0.78", "0.7812"),
        ("HistoricalGreeks", "gamma", 0.01904, "0.0190", "0.01904"),
        ("HistoricalGreeks", "theta", -1.234, "−1.23", "−1.234"),
        ("GammaExposure", "total_gamma", Decimal("-36712345678"), "−$36.7 bn", "−$36,712,345,678"),
        ("GammaExposure", "distance_to_support_pct", -0.11, "−0.11 %", "−0.11 %"),
        ("IvPercentile", "iv_rank", 0.07, "7 %", "7.00 %"),
        ("MarketRegimeDay", "spy_adx14", 23.456789, "23.4568", "23.4568"),
        ("ExpirationCurve", "rate", 0.04973, "4.97 %", "4.97 %"),
        ("IngestionRun", "duration_ms", 4_320_000, "1 h 12 min", "1 h 12 min"),
        ("IngestionRun", "error", "", "–", "–"),
        ("DeadLetter", "payload", b"x" * 1500, "1,500 bytes", "1,500 bytes"),
    ],
)
def test_a_value_has_the_text_of_its_unit(model, name, value, short, full):
    assert text(field(model, name), value) == short
    assert text(field(model, name), value, full=True) == full


@pytest.mark.parametrize(
    ("model", "name", "value", "html"),
    [
        ("OptionsFlow", "trade_type", "SWEEP", '<span class="badge filled">SWEEP</span>'),
        ("OptionsFlow", "trade_type", "BLOCK", '<span class="badge edged">BLOCK</span>'),
        ("OptionsFlow", "trade_type", "SPLIT", '<span class="badge plain">SPLIT</span>'),
        ("OptionsFlow", "sentiment", "BULLISH", '<span class="badge up">▲ BULLISH</span>'),
        ("OptionsFlow", "sentiment", "BEARISH", '<span class="badge down">▼ BEARISH</span>'),
        ("OptionsFlow", "source", "backfill", '<span class="badge edged">BACKFILL</span>'),
        ("GammaExposure", "oi_source", "volume_proxy", '<span class="badge edged">VOLUME PROXY</span>'),
        (
            "GammaExposure",
            "dealer_positioning",
            "SHORT_GAMMA",
            '<span class="badge edged">SHORT GAMMA</span>',
        ),
        ("IngestionRun", "status", "FAILED", '<span class="badge bad">FAILED</span>'),
        ("IngestionRun", "status", "DONE", '<span class="badge good">DONE</span>'),
        ("StreamGap", "status", "OPEN", '<span class="badge warn">OPEN</span>'),
    ],
)
def test_a_choice_is_a_badge_in_words(model, name, value, html):
    assert str(text(field(model, name), value)) == html


def test_headings_say_new_york_and_numbers_are_aligned_as_numbers():
    assert heading(field("OptionsFlow", "timestamp")) == "time, New York"
    assert heading(field("OptionsFlow", "received_at")) == "received, New York"
    assert heading(field("HistoricalGreeks", "implied_volatility")) == "IV"
    columns = {
        name: is_number(field("OptionsFlow", name)) for name in ("premium", "size", "timestamp", "symbol")
    }
    assert columns == {"premium": True, "size": True, "timestamp": False, "symbol": False}


def test_every_column_of_every_table_has_a_text():
    samples = {
        "BigIntegerField": AT,
        "IntegerField": 7,
        "FloatField": 0.25,
        "BooleanField": True,
        "TextField": "a",
    }
    samples |= {"MoneyField": Decimal("1.5"), "DateField": dt.date(2023, 9, 14), "JSONField": {"a": {"b": 1}}}
    samples |= {"ArrayField": [1, 2], "BigAutoField": 5, "BinaryField": b"x"}
    for model in vars(models).values():
        for one in model._meta.fields if hasattr(model, "_meta") else ():
            if one.get_internal_type() == "ForeignKey":
                continue
            shown = str(text(one, samples[one.get_internal_type()], full=True))
            assert shown
            assert str(AT) not in shown or "no unit" in (one.db_comment or "")


def test_an_object_is_a_table_and_an_object_of_objects_has_columns():
    assert str(json_table({"adjusted": 3, "known_at": AT}, "rejected")) == (
        '<div class="json-value" tabindex="0" role="region" aria-label="Values of rejected"><table><tbody>'
        '<tr><th scope="row">adjusted</th><td>3</td></tr>'
        '<tr><th scope="row">known at</th><td>Thu 14 Sep 2023 14:47:20</td></tr></tbody></table></div>'
    )
    matrix = str(json_table({"6475": {"net": 1.5, "call": 2_000_000}, "6480": {"net": None}}, "gamma"))
    assert '<th scope="col">net</th><th scope="col">call</th>' in matrix
    assert '<tr><th scope="row">6475</th><td>1.5</td><td>2,000,000</td></tr>' in matrix
    assert '<tr><th scope="row">6480</th><td>–</td><td>–</td></tr>' in matrix


def test_markup_in_json_is_shown_and_not_interpreted():
    assert "<script>" not in str(json_table({"<script>": "<b>", "a": ["<i>"]}, "a"))
    assert "&lt;script&gt;" in str(json_table({"<script>": "<b>"}, "a"))


def test_json_in_a_list_is_one_short_line():
    assert json_text({"symbol": "SPX", "timestamp": AT}) == "symbol SPX, timestamp Thu 14 Sep 2023 14:47:20"
    assert json_text({}) == "none"
    assert len(json_text({str(number): number for number in range(100)})) == 80
