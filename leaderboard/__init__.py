"""The leaderboard: results folders in, a folder of static pages out."""

from leaderboard.site import BuildReport, build

__all__ = ["BuildReport", "build"]
