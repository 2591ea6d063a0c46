"""The live door: one hub, one consumer, many clients."""
