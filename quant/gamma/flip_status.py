"""Why a gamma snapshot has a flip, or none."""

from __future__ import annotations

FOUND = "found"
NO_ROOT = "no_root"
DISAGREES = "disagrees"
NO_PROFILE = "no_profile"


def flip_status(net: float, repriced: float | None, roots: int) -> str:
    """Return the status of the flip of one convention.

    `net` is the sum of the exposures, `repriced` the profile at spot (None without a contract that can be repriced), both
    in dollars per 1 % move, and `roots` the number of zeros of the profile. Where the two differ in sign, the profile
    says on the other side of spot than the sum does where dealers are long, so none of its zeros is a flip of `net`.
    """
    if repriced is None:
        return NO_PROFILE
    if net * repriced < 0:
        return DISAGREES
    return FOUND if roots else NO_ROOT
