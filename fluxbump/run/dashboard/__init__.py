"""The dashboard: an issue that shows the state of a repository, with boxes for the next run."""
