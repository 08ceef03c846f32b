"""Protocols, scores, intervals, tables, and what leaks."""
