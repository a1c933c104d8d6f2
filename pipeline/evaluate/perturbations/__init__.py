"""Perturbations: ways in which real questions differ from clean ones, each a small class registered by being there."""
