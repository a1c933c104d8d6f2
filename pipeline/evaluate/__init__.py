"""Evaluation of candidates against the base model and the champion."""
