"""Health, beside the composers: probes of every part, the score with its ledger, and what Prometheus reads. No alerting here."""
