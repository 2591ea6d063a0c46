"""One person in two systems: the CRM knows them, and the ERP knows them again, written differently."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

    from cyberpunk_ai.demo.draws import BoolArray, IntArray


@dataclass(frozen=True)
class DuplicateCustomers:
    """How many customers exist twice, and how their second record is written.

    Attributes:
        share: Share of the CRM's customers that the ERP holds again.
    """

    share: float = 0.03

    def twins(self, rng: np.random.Generator, customers: int) -> BoolArray:
        """Return whether each customer has a second record, shape (customers,)."""
        return rng.random(customers) < self.share

    def email(self, number: int, email: str) -> str:
        """Return the e-mail as the ERP wrote it: another case, or blanks around it."""
        return (email.upper(), email.title(), f" {email} ")[number % 3]

    def phone(self, number: int, phone: str) -> str:
        """Return the phone number as the ERP wrote it: other punctuation, same digits."""
        digits = "".join(character for character in phone if character.isdigit())
        return (f"00{digits}", phone.replace(" ", "-"), f"+{digits}")[number % 3]

    def name(self, number: int, name: str) -> str:
        """Return the name as the ERP wrote it: last name first, or in capitals."""
        first, _, last = name.partition(" ")
        return (f"{last}, {first}", name.upper(), name)[number % 3]

    def to_truth(self, twins: IntArray, crm_ids: list[str], erp_ids: list[str]) -> dict[str, object]:
        """Return what the truth file records: every pair of ids that is one person."""
        return {"share": self.share, "pairs": [list(pair) for pair in zip(crm_ids, erp_ids, strict=True)], "count": len(twins)}
