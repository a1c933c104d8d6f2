"""Human sign-off, bound to the exact bytes that were reviewed."""
