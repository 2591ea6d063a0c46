"""Syncing: brings one source, stream by stream, from its connector through mapping and landing into the stores, and reports on it."""
