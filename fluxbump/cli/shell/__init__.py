"""Between a shell and a command: how words become parameters, help, and completion."""
