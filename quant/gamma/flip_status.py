"""Why a gamma snapshot has a flip, or none."""

from __future__ import annotations

FOUND = "found"
NO_ROOT = "no_root"
DISAGREES = "disagrees"
NO_PROFILE = "no_profile"


def flip_status(net: float, repriced: float | None, roots: int) -> str:
    """Return the status of the flip of one convention.

    `net` is the sum of the exposures and `repriced` the profile at spot, both in dollars per 1 % move; `repriced` is
    None without a contract that can be repriced. `roots` is the number of zeros of the profile. Where the two values
    differ in sign, the profile is that of another position than the sum, and none of its zeros is a flip.
    """
    if repriced is None:
        return NO_PROFILE
    if net * repriced < 0:
        return DISAGREES
    return FOUND if roots else NO_ROOT
