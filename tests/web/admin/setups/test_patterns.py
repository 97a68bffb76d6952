"""Page of a pattern: conditions that cannot be used are refused with one sentence; the preview stores nothing."""

from __future__ import annotations

import json

import pytest
from django.urls import reverse

from signals.patterns.fields import FIELDS
from signals.patterns.seeds import add_seeds
from tests.roles import as_role
from tests.web.admin.accounts import logged_in, member
from warehouse import watchlist
from warehouse.models import Pattern

pytestmark = [pytest.mark.database, pytest.mark.django_db]
GOOD = {"all": [{"field": "rvol", "op": "ge", "value": 1.5}]}
ADD = {"name": "loud", "description": "Much volume.", "status": "active", "conditions": json.dumps(GOOD)}
PREVIEW = "/admin/warehouse/pattern/preview/"


def condition(field: str, value: str) -> str:
    """Return the text of one condition; `value` is JSON."""
    return f'{{"all": [{{"field": "{field}", "op": "ge", "value": {value}}}]}}'


def at(page: str, *keys: object) -> str:
    return reverse(f"admin:warehouse_pattern_{page}", args=keys)


def test_operators_add_and_change_patterns_as_the_web_role():
    operator = logged_in(member("operator"))
    with as_role("warehouse_web"):
        assert operator.post(at("add"), ADD).status_code == 302
        pattern = Pattern.objects.get()
        assert (pattern.name, pattern.conditions, pattern.historical_win_rate) == ("loud", GOOD, None)
        assert operator.post(at("change", pattern.pk), {**ADD, "status": "paused"}).status_code == 302
        assert Pattern.objects.get().status == "paused"
    assert operator.post(at("delete", pattern.pk), {"post": "yes"}).status_code == 403
    assert Pattern.objects.count() == 1


@pytest.mark.parametrize(
    ("changes", "field", "sentence"),
    [
        ({"name": "Loud one"}, "name", "Use 3 to 60 small letters, digits and underscores, a letter first."),
        (
            {"conditions": '{"all": [{"field": "iv_percentile", "op": "ge", "value": 80}]}'},
            "conditions",
            "all[0]: iv_percentile is 0 to 1, and 80 is outside.",
        ),
        (
            {"conditions": "{'all': []}"},
            "conditions",
            "Write JSON with double quotes around names and texts, such as"
            ' {"all": [{"field": "rvol", "op": "ge", "value": 1.5}]}.',
        ),
        (
            {"conditions": "[]"},
            "conditions",
            'Write {"all": [...]} or {"any": [...]} with a list of conditions.',
        ),
        (
            {"conditions": '{"all": [{"field": "rvol", "op": "ge", "value": NaN}]}'},
            "conditions",
            "all[0]: rvol is a number, and nan is none.",
        ),
    ],
)
def test_conditions_that_cannot_be_used_are_refused(changes, field, sentence):
    page = logged_in(member("operator")).post(at("add"), ADD | changes)
    assert page.context["adminform"].form.errors == {field: [sentence]}
    assert Pattern.objects.count() == 0


def test_a_pattern_without_a_source_needs_no_conditions():
    sent = ADD | {"status": "data_unavailable", "conditions": "{}"}
    assert logged_in(member("operator")).post(at("add"), sent).status_code == 302
    assert Pattern.objects.get().conditions == {}


def test_the_page_lists_every_field_with_its_range():
    add_seeds()
    page = logged_in(member("viewer")).get(at("change", Pattern.objects.first().pk)).content.decode()
    for field in FIELDS:
        assert f'<th scope="row">{field.name}</th>' in page
    assert 'name="_save"' not in page


def measured(name: str, **columns) -> Pattern:
    """Give a pattern the rates of a backtest, and return it."""
    rates = {"historical_win_rate": 0.472, "win_rate_low": 0.39, "win_rate_high": 0.56, "sample_size": 123}
    rates |= {"chance_win_rate": 0.44, "verdict": "not different from chance", "avg_duration_hours": 2.3}
    rates |= {"avg_profit_target_pct": 0.31}
    few = {"win_rate": 0.5, "low": 0.1, "high": 0.9, "outcomes": 2, "chance": None, "verdict": None}
    Pattern.objects.filter(name=name).update(**rates | {"by_regime": {"RANGE_BOUND": few}} | columns)
    return Pattern.objects.get(name=name)


def test_the_list_shows_rates_and_which_patterns_are_not_measured():
    add_seeds()
    measured("put_wall_support")
    measured("call_wall_resistance", sample_size=12)
    measured("gamma_squeeze_setup", historical_win_rate=None, sample_size=0)
    page = logged_in(member("viewer")).get(at("changelist")).content.decode()
    assert page.count("– not measured: no backtest") == 3
    assert "47.2 % [39 to 56 %], n = 123, chance 44.0 %: not different" in page
    assert "47.2 % [39 to 56 %], n = 12, chance 44.0 %: too few" in page
    assert "– no outcome in the backtest" in page


def test_the_page_of_a_pattern_shows_its_rates_by_regime():
    add_seeds()
    pattern = measured("put_wall_support")
    viewer = logged_in(member("viewer"))
    answer = viewer.get(at("change", pattern.pk))
    assert [tuple(row) for row in answer.context["rates"]] == [
        ("All regimes", "123", "47.2 %", "39 to 56 %", "44.0 %", "NOT DIFFERENT", "plain", False),
        ("RANGE BOUND", "2", "50.0 %", "10 to 90 %", "–", "TOO FEW", "plain", True),
    ]
    page = " ".join(answer.content.decode().split())
    assert "The backtest that measured it was deleted. On average a trade took 2.3 h" in page
    other = Pattern.objects.get(name="iv_crush_pre_earnings")
    assert "NOT MEASURED" in viewer.get(at("change", other.pk)).content.decode()


def test_edited_conditions_have_no_rate():
    add_seeds()
    pattern = measured("put_wall_support")
    operator = logged_in(member("operator"))
    sent = {"name": pattern.name, "status": pattern.status, "conditions": json.dumps(pattern.conditions)}
    operator.post(at("change", pattern.pk), sent | {"description": "Other words."})
    pattern.refresh_from_db()
    assert (pattern.description, pattern.sample_size) == ("Other words.", 123)
    operator.post(at("change", pattern.pk), sent | {"description": "x", "conditions": json.dumps(GOOD)})
    pattern.refresh_from_db()
    assert (pattern.conditions, pattern.sample_size, pattern.historical_win_rate) == (GOOD, None, None)
    assert (pattern.by_regime, pattern.verdict, pattern.favorable_regimes) == (None, None, [])


def test_a_preview_says_what_was_evaluated_and_stores_nothing():
    watchlist.add_default_symbols(["SPY", "QQQ"])
    operator = logged_in(member("operator"))
    answer = operator.post(PREVIEW, {"conditions": json.dumps(GOOD), "symbol": "SPY"})
    assert "0 matches of SPY in 20 sessions" in answer.content.decode()
    assert answer.context["found"].without_bars == 20
    assert operator.post(PREVIEW, {"conditions": json.dumps(GOOD)}).context["symbols"] == ["QQQ", "SPY"]
    refused = operator.post(PREVIEW, {"conditions": '{"all": [{"field": "rvoll"}]}'}).content.decode()
    assert "all[0]: there is no field rvoll; the nearest is rvol." in refused
    assert "Write JSON" in operator.post(PREVIEW, {"conditions": "{"}).content.decode()
    assert operator.get(PREVIEW).status_code == 405
    assert Pattern.objects.count() == 0


def test_viewers_may_not_preview():
    add_seeds()
    viewer = logged_in(member("viewer"))
    answer = viewer.post(PREVIEW, {"conditions": json.dumps(GOOD)})
    assert answer.status_code == 403
    assert "Viewers cannot change patterns" in " ".join(answer.content.decode().split())
    page = viewer.get(at("change", Pattern.objects.first().pk)).content.decode()
    assert "Show matches" not in page
    assert "Stored matches" in page


@pytest.mark.parametrize(
    ("conditions", "sentence"),
    [
        ("[" * 3000, "Lists and objects are nested at most 20 deep."),
        ("[" * 3000 + "]" * 3000, "Lists and objects are nested at most 20 deep."),
        ("[" * 500 + "]" * 500, "Lists and objects are nested at most 20 deep."),
        ('{"all": ' * 3000 + "1" + "}" * 3000, "Write at most 20,000 characters, which"),
        ('{"all": ' * 1000 + "1" + "}" * 1000, "Lists and objects are nested at most 20 deep."),
        ("9" * 5000, "A number has too many digits."),
        (condition("rvol", "9" * 5000), "A number has too many digits."),
        (condition("rvol", "9" * 400), f"all[0]: rvol is a number, and {'9' * 39}… is none."),
        (condition("rvol", "1e999"), "all[0]: rvol is a number, and inf is none."),
        (condition("x" * 5000, "1"), f"all[0]: there is no field {'x' * 39}…; the nearest is"),
        (condition("\\u0000", "1"), "all[0]: there is no field"),
        ('{"all": [], "all": [{}]}', 'The key "all" is written twice in one object.'),
        (
            '{"all": [{"field": "rvol", "op": "ge", "value": 1, "value": 2}]}',
            'The key "value" is written twice in one object.',
        ),
        ('"' + "x" * 20_000 + '"', "Write at most 20,000 characters, which is ample for 30 conditions"),
        ("\0", "Write JSON with double quotes"),
        (condition("\\ud800", "1"), "A text has half of a surrogate pair, which is no character."),
    ],
)
@pytest.mark.parametrize("status", ["active", "data_unavailable"])
def test_hostile_conditions_are_one_sentence_everywhere(conditions, sentence, status):
    add_seeds()
    pattern = Pattern.objects.first()
    operator = logged_in(member("operator"))
    sent = ADD | {"conditions": conditions, "status": status}
    for path in (at("add"), at("change", pattern.pk)):
        page = operator.post(path, sent)
        ((field, (said,)),) = page.context["adminform"].form.errors.items()
        assert (field, said[: len(sentence)]) == ("conditions", sentence)
    assert operator.post(PREVIEW, sent).context["error"].startswith(sentence)


@pytest.mark.parametrize("text", ["NaN", "1e999", '"\\u0000"', '"\\ud800"', "[]"])
def test_a_pattern_without_a_source_keeps_no_unusable_json(text):
    sent = ADD | {"status": "data_unavailable", "conditions": text}
    answer = logged_in(member("operator")).post(at("add"), sent)
    assert answer.status_code == 200
    assert not Pattern.objects.exists()
