"""The operating system: processes, locks, files replaced whole, HTTP."""
