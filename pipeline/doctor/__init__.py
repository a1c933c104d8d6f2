"""`llmops doctor`: is everything that the pipeline needs there, and how to mend what is not."""
