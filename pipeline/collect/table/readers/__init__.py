"""How each file format is read: the wanted columns as text, batch by batch, and what could not be read."""
