"""Every check is a class in a module of its own here."""
