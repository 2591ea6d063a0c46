"""Governance: who calls, what they may do, and the audit line that each verb leaves."""
