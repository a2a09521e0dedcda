"""Sorting by somebody else's comparisons: which items are compared, how often, and in what order. Not a method itself.

Items are numbered from 0 in first-stage order. What is compared together is decided here; who wins is asked of a
function that takes all comparisons that do not wait for each other at once.
"""
