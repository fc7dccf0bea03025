"""Turns the words of a command line into parameters, and writes help and completion."""
