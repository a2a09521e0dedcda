"""What a contributor of a method uses: a folder to begin with, and a check of what is there."""
