"""The verbs that bring data in: sync, sources, imports, quarantine and the demo company."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cyberpunk_ai.core import clock
from cyberpunk_ai.health import metrics as prometheus
from cyberpunk_ai.workspace.wiring import Wiring, finish

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from cyberpunk_ai.core.registry import Plugin
    from cyberpunk_ai.core.results import Result
    from cyberpunk_ai.data_fabric.imports import ImportPlan
    from cyberpunk_ai.data_fabric.syncing.repair import RepairReport
    from cyberpunk_ai.data_fabric.syncing.reports import SyncReport
    from cyberpunk_ai.governance.callers import Caller


class SourceVerbs(Wiring):
    """Data in."""

    def sync(
        self, sources: Sequence[str] | None = None, *, on_progress: Callable[..., None] | None = None, caller: Caller | None = None
    ) -> SyncReport:
        """Bring all sources, or those named, up to date. One failing source fails alone and is reported."""

        def work(_who: Caller) -> SyncReport:
            report: SyncReport = finish(self._connector.sync_all_sources(sources, on_progress=on_progress))
            for one in report.sources:
                prometheus.observe_sync(one.name, one.rows, one.quarantined)
            return report

        return self._verb("sync", "sync", ",".join(sources or ["all"]), {}, caller, work, changes=True)

    def repair(self, table: str, *, caller: Caller | None = None) -> RepairReport:
        """Make a table readable that has lost data files or commits, and read its sources again from their start.

        Raises:
            NotFound: No such table.
            InvalidArgument: The warehouse is a server, which keeps its own files.
        """

        def work(_who: Caller) -> RepairReport:
            report: RepairReport = finish(self._connector.repair(table))
            return report

        return self._verb("repair", "sync", table, {}, caller, work, changes=True)

    def connectors(self, *, caller: Caller | None = None) -> list[Plugin]:
        """List the kinds of sources, also those that can't be used here, with the reason."""

        def work(_who: Caller) -> list[Plugin]:
            from cyberpunk_ai.data_fabric.connectors.base import CONNECTORS

            return CONNECTORS.plugins()

        return self._verb("connectors", "sources", "catalogue", {}, caller, work)

    def sources(self, *, caller: Caller | None = None) -> Result:
        """List the configured sources with the state of their last sync."""
        return self._verb("sources", "sources", "all", {}, caller, lambda _who: self._connector.source_list())

    def add_source(
        self,
        name: str,
        connector: str,
        config: Mapping[str, Any],
        *,
        mapping: Mapping[str, Any] | None = None,
        caller: Caller | None = None,
    ) -> None:
        """Configure a source. The next `sync` reads it.

        Raises:
            NotFound: No connector of this name.
            InvalidArgument: The configuration lacks or has too many fields.
        """
        self._verb(
            "add_source", "sources", name, {"connector": connector}, caller,
            lambda _who: self._connector.add_source(name, connector, dict(config), mapping=mapping), changes=True,
        )  # fmt: skip

    def plan_import(self, path: str | Path, *, caller: Caller | None = None) -> ImportPlan:
        """Look at a file and propose which table it is and which column is which. Nothing is changed; correct the plan if it is wrong."""

        def work(_who: Caller) -> ImportPlan:
            from cyberpunk_ai.data_fabric.imports import guess_mapping

            return guess_mapping(path, limits=self._connector.limits)

        return self._verb("plan_import", "sources", str(path), {}, caller, work)

    def import_file(
        self,
        path: str | Path | ImportPlan,
        *,
        name: str | None = None,
        on_progress: Callable[..., None] | None = None,
        caller: Caller | None = None,
    ) -> SyncReport:
        """Register a file, or a corrected plan, as a source and sync it."""

        def work(who: Caller) -> SyncReport:
            from cyberpunk_ai.data_fabric.imports import ImportPlan, guess_mapping

            plan = path if isinstance(path, ImportPlan) else guess_mapping(path, limits=self._connector.limits)
            source = self._connector.add_import(plan, name=name)
            return self.sync([source], on_progress=on_progress, caller=who)

        return self._verb("import_file", "sources", str(getattr(path, "path", path)), {}, caller, work, changes=True)

    def recent_syncs(self, *, limit: int = 20, caller: Caller | None = None) -> Result:
        """Return the newest syncs first."""
        return self._verb("recent_syncs", "sources", "all", {}, caller, lambda _who: self._connector.recent_syncs(limit=limit))

    def quarantine(self, source: str | None = None, *, limit: int = 100, caller: Caller | None = None) -> Result:
        """Return rows that could not be taken, each with its reason."""
        return self._verb(
            "quarantine", "sources", source or "all", {}, caller, lambda _who: self._connector.quarantine(source=source, limit=limit)
        )

    def replay(self, source: str | None = None, *, caller: Caller | None = None) -> Result:
        """Try quarantined rows again with their source's mapping of now; those that fit land, the others stay.

        Raises:
            NotFound: No such source.
        """
        return self._verb("replay", "sync", source or "all", {}, caller, lambda _who: self._connector.replay(source), changes=True)

    def load_demo(
        self, size: str = "small", *, seed: int = 7, on_progress: Callable[..., None] | None = None, caller: Caller | None = None
    ) -> Result:
        """Load the demo company: `tiny` (8k orders) and `small` (50k) through the connectors, `medium` (1M) and `large` (10M) in bulk."""

        def work(_who: Caller) -> Result:
            from cyberpunk_ai.demo.loading import load_demo

            return load_demo(
                size, seed=seed, end=clock.today(self.settings), home=self.settings.home, connector=self._connector,
                warehouse=self._stores.warehouse, on_progress=on_progress,
            )  # fmt: skip

        return self._verb("load_demo", "demo", size, {"seed": seed}, caller, work, changes=True)

    def stream_demo(
        self,
        *,
        rate_per_s: float = 200.0,
        seconds: float | None = None,
        seed: int = 7,
        stop: threading.Event | None = None,
        on_progress: Callable[[int], None] | None = None,
        caller: Caller | None = None,
    ) -> int:
        """Send live events of the demo company into the event log until `seconds` are over or `stop` is set; return how many."""

        def work(_who: Caller) -> int:
            from cyberpunk_ai.demo.sending import send_live_events

            return send_live_events(
                self._stores.events, rate_per_s=rate_per_s, seconds=seconds, seed=seed, today=clock.today(self.settings), stop=stop,
                on_progress=on_progress,
            )  # fmt: skip

        return self._verb("stream_demo", "demo", "events", {"rate_per_s": rate_per_s}, caller, work, changes=True)
