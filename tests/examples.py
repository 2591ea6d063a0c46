"""How many random examples a costly property gets; cheap ones follow the profile of the tier, 25 in the quick and 500 in the full one."""

from __future__ import annotations

from hypothesis import HealthCheck, settings


def examples(quick: int, full: int, *, suppress: tuple[HealthCheck, ...] = ()) -> settings:
    """Return the settings of a property that is too costly for the examples of the profile.

    Args:
        quick: Examples in the quick tier.
        full: Examples in the full tier.
        suppress: Health checks to leave out beside those that the profile leaves out.
    """
    profile = settings.get_profile(settings.get_current_profile_name())
    count = full if settings.get_current_profile_name() == "full" else quick
    return settings(profile, max_examples=count, suppress_health_check=[*profile.suppress_health_check, *suppress])
