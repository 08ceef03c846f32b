"""Training with several losses, run folders, exact resume."""
