"""Talking to vendors over HTTP: signing in, waiting when told to, following pages. What is asked for is said by the connectors."""
