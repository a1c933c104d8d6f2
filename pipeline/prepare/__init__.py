"""Preparation on Spark: cleaning, privacy, de-duplication, quality, prompts and splits."""
