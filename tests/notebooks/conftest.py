"""Notebooks run over the same demo company as the doors."""

from tests.doors.conftest import built_demo, demo_home, shared_folder  # noqa: F401 - pytest finds fixtures by name
