"""The admin page: sources and their syncs, runs, the state of every part, and which settings are in force."""
