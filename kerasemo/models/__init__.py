"""Networks as functional models with named inputs and outputs."""
