"""The command line: its commands, and the border where errors become exit codes. It prints.

A command's function imports what it works with when it is called, so that `--help`, `--version`
and completion do not wait for git, HTTP or YAML.
"""
