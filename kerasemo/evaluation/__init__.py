"""Evaluation protocols, scores, confidence intervals, result tables, and the audit of splits for leaks."""
