"""Closing the loop: routing rules, the queue of cases, their timeline."""
