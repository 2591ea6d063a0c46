"""Bodies that clients send, one file per subject. Answers are the workspace's results as JSON."""
