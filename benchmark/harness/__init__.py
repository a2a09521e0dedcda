"""Run a suite: plan cells, one process a cell, one line a query, resume where it stopped."""
