"""Release to the model store, verification and rollback."""
