"""From frames, however their columns are called, to the typed arrays that every calculation of this room reads."""
