"""The papers' networks, as functional models with named inputs and outputs."""
