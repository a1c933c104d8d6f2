"""Personal data: found by Presidio recognisers that run offline, replaced before anything is trained on it."""
