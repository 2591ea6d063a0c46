"""The recurrent network that comes already trained: its shape, its weights per frequency, the series it learnt from, and the training."""
