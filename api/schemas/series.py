"""One observation of a series that a client sends."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

KEYS = frozenset({"unique_id", "ds", "y"})


def _in_range(moment: datetime) -> datetime:
    if not 1678 <= moment.year <= 2261:
        raise ValueError("must lie between the years 1678 and 2261")
    return moment


def _encodable(text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError("holds half of a character (a lone surrogate)") from None
    return text


def _no_keys(covariates: dict[str, float | bool | str]) -> dict[str, float | bool | str]:
    taken = sorted(KEYS & covariates.keys())
    if taken:
        raise ValueError(f"{', '.join(taken)} cannot be the name of a covariate; call it something else")
    return covariates


Moment = Annotated[datetime, AfterValidator(_in_range)]
Name = Annotated[str, AfterValidator(_encodable)]
Covariates = Annotated[dict[Name, float | bool | Name], AfterValidator(_no_keys)]


class SeriesPoint(BaseModel):
    """A value at a time."""

    model_config = ConfigDict(extra="forbid")

    ds: Moment = Field(description="Start of the period.")
    y: float | None = Field(description="Value; null where missing.")
    unique_id: Name = Field("series", description="Which series it belongs to.")
    covariates: Covariates = Field(default_factory=dict, description="What is known ahead, such as a promotion or price.")


class FuturePoint(BaseModel):
    """Covariates of a period to come."""

    model_config = ConfigDict(extra="forbid")

    ds: Moment = Field(description="Start of the period.")
    unique_id: Name | None = Field(None, description="Which series it belongs to; left out where it is the same for all.")
    covariates: Covariates = Field(description="The same names as in the data.")
