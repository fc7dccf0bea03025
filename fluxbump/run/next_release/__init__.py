"""Which release the next pull request is for, if any."""
