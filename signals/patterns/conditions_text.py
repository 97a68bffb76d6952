"""Conditions of patterns as text: JSON that is short, flat enough to be evaluated, and names each key once."""

from __future__ import annotations

import json
from typing import Any

from signals.patterns.conditions import MOST_CONDITIONS, RefusedConditions, shown

LONGEST = 20_000  # characters, many times those of the largest allowed conditions
_DEEPEST = (
    20  # lists and objects within each other; groups that are nested too deep have a sentence of their own
)
_NO_JSON = (
    "write JSON with double quotes around names and texts, such as"
    ' {"all": [{"field": "rvol", "op": "ge", "value": 1.5}]}.'
)


def read(text: str) -> Any:
    """Return what a text of JSON holds, not yet checked as conditions.

    Raises RefusedConditions in one sentence for a text that is no JSON, too long or nested too deep, has a number with
    more digits than can be read, a text that is no Unicode, or an object with a key that is written twice.
    """
    if len(text) > LONGEST:
        raise RefusedConditions(
            "",
            f"write at most {LONGEST:,} characters, which is ample for {MOST_CONDITIONS} conditions; there are"
            f" {len(text):,}.",
        )
    try:
        found = json.loads(text, object_pairs_hook=_object)
    except json.JSONDecodeError:
        raise RefusedConditions("", _NO_JSON) from None
    except RefusedConditions:
        raise
    except ValueError:
        # Python reads whole numbers of up to 4,300 digits.
        raise RefusedConditions("", "a number has too many digits.") from None
    except RecursionError:
        raise _too_deep() from None
    _check_depth(found)
    try:
        json.dumps(found, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise RefusedConditions("", "a text has half of a surrogate pair, which is no character.") from None
    return found


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise RefusedConditions("", f'the key "{shown(name)}" is written twice in one object.')
        found[name] = value
    return found


def _check_depth(found: Any) -> None:
    """Raise RefusedConditions for a value that is nested too deep. Without recursion, which has a limit itself."""
    level = [found]
    for _ in range(_DEEPEST):
        inside = [one for one in level if isinstance(one, dict | list)]
        level = [part for one in inside for part in (one.values() if isinstance(one, dict) else one)]
        if not level:
            return
    if any(isinstance(one, dict | list) for one in level):
        raise _too_deep()


def _too_deep() -> RefusedConditions:
    return RefusedConditions("", f"lists and objects are nested at most {_DEEPEST} deep.")
