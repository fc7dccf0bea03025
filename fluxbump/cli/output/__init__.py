"""Prints the results of commands, and writes the next commands as the user would type them."""
