"""What people look at.  Reads results, computes nothing of the model."""
