"""Training with several losses, run folders, and exact resumption."""
