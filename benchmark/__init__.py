"""rerankbench: a reproducible benchmark of re-ranking with large language models."""

__version__ = "0.1.0"
