"""Measurements that anybody can repeat; each prints the table that the docs show."""
