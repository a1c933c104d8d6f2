"""The compliance gate: checks, licences, policy."""
