"""The body of POST /forecast."""

import pytest
from pydantic import ValidationError

from api.schemas.forecast import ForecastRequest


def test_the_documented_body_is_taken_as_it_is() -> None:
    asked = ForecastRequest.model_validate({"horizon": 12, "include_confidence": True, "customer_data_source": "crm"})
    assert asked.customer_data_source == "crm"


@pytest.mark.parametrize("more", [{"levels": [90]}, {"by": "region"}, {"models": ["theta"]}, {"backtest_windows": 3}])
def test_what_the_joined_forecast_would_overlook_is_refused(more: dict[str, object]) -> None:
    with pytest.raises(ValidationError, match="cannot be combined with customer_data_source"):
        ForecastRequest.model_validate({"customer_data_source": "crm", **more})
    assert ForecastRequest.model_validate(more)
