"""The command line: the only room that prints, reads the environment and sets exit codes.

A command's function imports what it works with when it is called, so that `--help`, `--version`
and completion do not wait for git, HTTP or YAML.
"""
