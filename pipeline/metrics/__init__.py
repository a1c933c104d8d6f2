"""What operators watch: figures from manifests and the audit trail, as Prometheus reads them."""
