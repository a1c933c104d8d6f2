"""Cleaning: what is noise goes; what an answer is about (numbers, code, names of things, every script, case) stays."""
