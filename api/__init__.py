"""The REST and WebSocket door. Routes parse, call one verb of the workspace and serialise; nothing is computed here."""
