"""The cockpit: the state of the business on one page, live."""
