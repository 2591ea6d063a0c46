"""What the quality page knows: the scorecard and the quarantine, computed once for all visitors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apps.kit.parts import Loader, NothingYet, Parts

if TYPE_CHECKING:
    from collections.abc import Callable

    from cyberpunk_ai import Workspace

MOST_HELD_BACK = 500


def quality_parts(workspace: Callable[[], Workspace]) -> Parts:
    """Return the parts of the page."""

    def scorecard() -> Any:
        report = workspace().quality()
        if not len(report.datasets):
            raise NothingYet("There is no data to check yet")
        return report

    return Parts(
        {
            "scorecard": Loader(scorecard, 60),
            "held_back": Loader(lambda: workspace().quarantine(limit=MOST_HELD_BACK).to_frame(), 30),
        },
        workers=2,
    )
