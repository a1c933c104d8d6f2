"""Privacy law: a subject's data found, exported and erased everywhere, and nothing kept longer than said."""
