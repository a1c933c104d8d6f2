"""The audit trail: an append-only, hash-chained, signed record of what was done, decided and published."""

from pipeline.audit.log import AuditLog, open_audit

__all__ = ["AuditLog", "open_audit"]
