"""The search for hyperparameters with Hyperopt."""
