"""The models that may score churn, one per file, behind one interface; which one is used is chosen elsewhere."""
