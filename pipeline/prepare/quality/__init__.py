"""What a row, and what all rows together, must be like to be trained on."""
