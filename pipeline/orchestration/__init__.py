"""The pipeline as Airflow runs it: what its tasks call, how a run is followed, how people are told."""
