"""Notebooks run over the same demo company as the doors."""

from tests.doors.conftest import demo_home, shared_folder  # noqa: F401 - pytest finds fixtures by name
