"""Customer analytics, on the engines' floor: who will buy again, when, for how much, and why. Frames in, frozen results out, no I/O."""
