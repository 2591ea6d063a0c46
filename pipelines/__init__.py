"""The scheduled door: a catalogue of pipelines, each a notebook with checked parameters, run and kept with its record."""
