"""How much one source may take of this process: ceilings that a hostile or damaged source runs into, and the error that says so.

They bound what is unpacked and how long it takes, since neither can be told from the size of what was sent.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cyberpunk_ai.core.errors import SourceFailed
from cyberpunk_ai.core.settings import PREFIX

if TYPE_CHECKING:
    from cyberpunk_ai.core.settings import Settings

MB = 1024 * 1024


@dataclass(frozen=True)
class Limits:
    """Ceilings, each named like the setting that raises it; `docs/reference/settings.md` describes them.

    Attributes:
        max_answer_mb: Unpacked size of one HTTP answer.
        max_answer_s: Seconds from the request to the last byte of its answer.
        max_pages: Pages of one stream in one sync.
        max_sheet_cells: Cells of one sheet of an Excel file, empty ones between others included.
        max_parquet_cells: Rows times columns of a Parquet file.
        max_unpacked_mb: Unpacked size of an Excel file, of one row group of a Parquet file, and of what is read of it at once.
    """

    max_answer_mb: float = 256
    max_answer_s: float = 120
    max_pages: int = 100_000
    max_sheet_cells: int = 20_000_000
    max_parquet_cells: int = 1_000_000_000
    max_unpacked_mb: float = 1024

    @classmethod
    def of(cls, settings: Settings) -> Limits:
        """Return the ceilings that the settings name."""
        return cls(**{field.name: getattr(settings, field.name) for field in dataclasses.fields(cls)})

    def exceeded(self, name: str, problem: str, *, advice: str = "") -> SourceFailed:
        """Return the error for a source that ran into a ceiling.

        Args:
            name: Field of the ceiling.
            problem: What is too large, with its name, such as "people: the answer of api.example.com is larger than 256 MB".
            advice: What else can be done than raising the ceiling.
        """
        setting = PREFIX + name.upper()
        raising = f"raise {setting}, now {getattr(self, name):,}, if you trust the source"
        return SourceFailed(problem, hint=f"{advice}, or {raising}" if advice else raising, limit=getattr(self, name), setting=setting)


DEFAULT = Limits()
