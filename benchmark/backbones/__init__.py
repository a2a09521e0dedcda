"""Backbones: which LLMs there are, how their weights get here, and what a method may ask of a loaded one."""
