"""Question/answer rows in Parquet, CSV or JSON Lines, local or on S3."""
