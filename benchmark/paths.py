"""Where things are kept: one cache folder for everything that is fetched or converted."""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs


def cache_root() -> Path:
    """``$RERANKBENCH_CACHE``, else the user's cache folder (XDG); not created here."""
    chosen = os.environ.get("RERANKBENCH_CACHE")
    return Path(chosen).expanduser() if chosen else Path(platformdirs.user_cache_dir("rerankbench"))
