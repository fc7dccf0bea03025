"""The command line: the commands, and the border; the only room that prints.

A command's function imports what it works with when it is called, so that `--help`, `--version`
and completion do not wait for git, HTTP or YAML.
"""
